/**
 * The lock file's entries for other platforms. npm leaves out the platform packages that it could not see when it
 * wrote the file, and `npm ci` then refuses the whole file; an entry that says for which system a package is
 * lets it skip what this machine does not need.
 */

interface LockEntry {
  version?: string
  integrity?: string
  link?: boolean
  dev?: boolean
  optional?: boolean
  os?: string[]
  cpu?: string[]
  libc?: string[]
  engines?: Record<string, string>
  license?: string
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  [field: string]: unknown
}

export interface LockFile {
  packages: Record<string, LockEntry>
  [field: string]: unknown
}

/** Words of package names, and what npm calls them. */
const SYSTEMS: Readonly<Record<string, string>> = {
  android: 'android',
  darwin: 'darwin',
  freebsd: 'freebsd',
  linux: 'linux',
  openharmony: 'openharmony',
  wasm32: 'wasm32',
  win32: 'win32',
  windows: 'win32',
}
const PROCESSORS: Readonly<Record<string, string>> = {
  arm: 'arm',
  arm64: 'arm64',
  ia32: 'ia32',
  ppc64: 'ppc64',
  riscv64: 'riscv64',
  s390x: 's390x',
  x64: 'x64',
}
const LIBRARIES: Readonly<Record<string, string>> = {
  gnu: 'glibc',
  gnueabihf: 'glibc',
  musl: 'musl',
  musleabihf: 'musl',
}

/** Optional dependencies with an exact version that have no entry anywhere they could be found. */
export function missingPlatforms(lock: LockFile): Map<string, string> {
  const missing = new Map<string, string>()
  for (const [path, entry] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const found = `node_modules/${name}` in lock.packages || `${path}/node_modules/${name}` in lock.packages
      if (!found) missing.set(name, version)
    }
  }
  return missing
}

/** The same lock file with an entry for each of them, in npm's order. */
export function completeLock(lock: LockFile): LockFile {
  const packages = { ...lock.packages }
  for (const [name, version] of missingPlatforms(lock)) {
    packages[`node_modules/${name}`] = {
      version: version.replace(/^[\^~]/, ''),
      ...platformOf(name),
      dev: true,
      optional: true,
    }
  }
  const order = (left: string, right: string) => left.localeCompare(right, 'en')
  return { ...lock, packages: Object.fromEntries(Object.entries(packages).sort(([a], [b]) => order(a, b))) }
}

/** Packages as `name@version` whose entry has no hash: `npm ci` would install them unchecked. */
export function withoutIntegrity(lock: LockFile): string[] {
  return Object.entries(lock.packages).flatMap(([path, entry]) =>
    path === '' || entry.link === true || entry.integrity !== undefined
      ? []
      : `${nameOf(path)}@${entry.version ?? ''}`,
  )
}

/** The same lock file with the hash of each package named in `integrity`, keyed by `name@version`. */
export function addIntegrity(lock: LockFile, integrity: ReadonlyMap<string, string>): LockFile {
  const packages = Object.entries(lock.packages).map(([path, entry]): [string, LockEntry] => {
    const hash = integrity.get(`${nameOf(path)}@${entry.version ?? ''}`)
    return [path, entry.integrity !== undefined || hash === undefined ? entry : withHash(entry, hash)]
  })
  return { ...lock, packages: Object.fromEntries(packages) }
}

/** npm writes the hash behind the version. */
function withHash({ version, ...rest }: LockEntry, integrity: string): LockEntry {
  return { ...(version !== undefined && { version }), integrity, ...rest }
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
}

function platformOf(name: string): Pick<LockEntry, 'os' | 'cpu' | 'libc'> {
  const words = name.split(/[/-]/)
  const pick = (table: Readonly<Record<string, string>>) =>
    words.flatMap((word) => table[word] ?? []).slice(0, 1)
  const [os, cpu, libc] = [pick(SYSTEMS), pick(PROCESSORS), pick(LIBRARIES)]
  if (os.length === 0) throw new Error(`${name} does not say for which system it is`)
  return { ...(cpu.length > 0 && { cpu }), ...(libc.length > 0 && { libc }), os }
}
