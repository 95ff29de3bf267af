/** Live photos: a phone sends a picture and a film of the same name. */

import { foldedName, type NamedFile } from './document-labels.ts'

const PICTURE = /^(.+)\.(?:heic|heif|jpe?g)$/
const FILM = /^(.+)\.(?:mov|mp4|m4v)$/

/** The films of live photos, by the id of the photo: a picture and a film that share a name with no other file. */
export function livePhotoFilms<File extends NamedFile>(files: readonly File[]): ReadonlyMap<string, File> {
  const stems = (kind: string, pattern: RegExp) =>
    Map.groupBy(
      files.filter((file) => file.kind === kind),
      ({ fileName }) => pattern.exec(foldedName(fileName ?? ''))?.[1] ?? '',
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
