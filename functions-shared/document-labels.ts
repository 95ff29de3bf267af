/** Tells the files of an incident apart: phones call every photo `image.jpg`, and forms have several questions for files. */

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
    ({ fileName }) => foldedName(fileName ?? ''),
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

/** As file systems that ignore case compare names. */
export function foldedName(name: string): string {
  return name.normalize('NFC').toLowerCase()
}
