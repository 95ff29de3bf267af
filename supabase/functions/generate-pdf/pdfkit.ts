/** pdfkit as reports use it: one typed door. */

// @ts-types="./pdfkit.d.ts"
export { default as PDFDocument } from 'pdfkit'
export type {
  Outline,
  StructureElement,
  StructureElementOptions,
} from './pdfkit.d.ts'
