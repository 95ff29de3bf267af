/** The only import of pdfkit, with the types of `pdfkit.d.ts`. */

// @ts-types="./pdfkit.d.ts"
export { default as PDFDocument } from 'pdfkit'
export type {
  Outline,
  StructureElement,
  StructureElementOptions,
} from './pdfkit.d.ts'
