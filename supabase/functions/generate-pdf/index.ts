/** `POST /functions/v1/generate-pdf`: nudged by the database with a secret key; works on one report job. */

import { createFiles } from '../_shared/files.ts'
import { jobFunction } from '../_shared/job-function.ts'
import { optionalSetting, readSettings } from '../_shared/settings.ts'
import { loadFonts } from './fonts.ts'
import { createReportStore } from './store.ts'
import { generateReport } from './work.ts'

/** Origin of signed URLs, for a project that browsers reach at another address than functions do. */
const { SUPABASE_PUBLIC_URL: publicUrl } = readSettings({ SUPABASE_PUBLIC_URL: optionalSetting }, (name) =>
  Deno.env.get(name),
)

// One report at a time: a large one takes tens of megabytes.
export default jobFunction(
  { name: 'generate-pdf', kind: 'pdf', timeoutMs: 60_000, concurrency: 1 },
  (admin, log) => {
    const reports = createReportStore(admin)
    const files = createFiles(admin, publicUrl)
    return (job, lease) =>
      generateReport(job.subjectId, lease, { reports, files, loadFonts, log, now: () => new Date() })
  },
)
