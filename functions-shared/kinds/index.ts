// Written by `npm run messages` from functions-shared/kinds and functions-shared/definitions. Do not edit.

import { image } from './image.ts'
import { pdf } from './pdf.ts'
import { statusUpdate } from './status.ts'
import { transcription } from './transcription.ts'

/** Every kind of job. */
export const KINDS = [image, pdf, statusUpdate, transcription] as const
