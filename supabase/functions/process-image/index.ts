/** `POST /functions/v1/process-image`: nudged by the database with a secret key; works on one image job. */

import { release } from '../_shared/byte-streams.ts'
import { createDocuments } from '../_shared/documents.ts'
import { createDownload } from '../_shared/download/download.ts'
import { createFiles } from '../_shared/files.ts'
import { jobFunction } from '../_shared/job-function.ts'
import { readConfig } from './config.ts'
import { loadMagick } from './magick.ts'
import { processImage } from './work.ts'

/** Read when the worker starts, so that a malformed setting shows in the log at once. */
const config = readConfig((name) => Deno.env.get(name))

// Each job may hold a file of 25 MB. Decoding is synchronous, so that one picture at a time is decoded.
export default jobFunction(
  { name: 'process-image', kind: 'image', timeoutMs: 30_000, concurrency: 3 },
  (admin, log) => {
    const dependencies = {
      documents: createDocuments(admin),
      files: createFiles(admin, config.publicUrl),
      download: createDownload(config.download),
      loadMagick,
      release,
      memoryBytes: config.memoryBytes,
      log,
      now: () => new Date(),
    }
    return (job, lease) => processImage(job.subjectId, lease, dependencies)
  },
)
