/**
 * Tells the files of an incident apart. Phones call every photo `image.jpg`, forms have several questions for files, and
 * a live photo is two files: a picture and a film of the same name.
 */

export interface NamedFile {
  id: string
  kind: string
  fileName: string | null
}

/**
 * The name of each file, by id; with its number where others have the same name, e.g. `image.jpg (3 of 10)`. Names that
 * differ in case or in the composition of letters only count as the same. Files without a name have no label.
 *
 * @param files in the order of the form
 */
export function fileLabels(files: readonly NamedFile[]): ReadonlyMap<string, string> {
  const same = Map.groupBy(
    files.filter(({ fileName }) => fileName !== null),
    ({ fileName }) => folded(fileName ?? ''),
  )
  const labels = new Map<string, string>()
  for (const group of same.values()) {
    for (const [index, { id, fileName }] of group.entries()) {
      const name = fileName ?? ''
      labels.set(id, group.length === 1 ? name : `${name} (${index + 1} of ${group.length})`)
    }
  }
  return labels
}

const PICTURE = /^(.+)\.(?:heic|heif|jpe?g)$/
const FILM = /^(.+)\.(?:mov|mp4|m4v)$/

/** The films of live photos, by the id of the photo: a picture and a film that share a name with no other file. */
export function livePhotoFilms<File extends NamedFile>(files: readonly File[]): ReadonlyMap<string, File> {
  const stems = (kind: string, pattern: RegExp) =>
    Map.groupBy(
      files.filter((file) => file.kind === kind),
      ({ fileName }) => pattern.exec(folded(fileName ?? ''))?.[1] ?? '',
    )
  const films = stems('attachment', FILM)
  const pairs = new Map<string, File>()
  for (const [stem, [photo, ...otherPhotos]] of stems('photo', PICTURE)) {
    const [film, ...otherFilms] = films.get(stem) ?? []
    const isPair = stem !== '' && otherPhotos.length === 0 && otherFilms.length === 0
    if (isPair && photo !== undefined && film !== undefined) pairs.set(photo.id, film)
  }
  return pairs
}

function folded(name: string): string {
  return name.normalize('NFC').toLowerCase()
}
