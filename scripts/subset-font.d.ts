/** The part of subset-font that scripts use; it comes without types. */
declare module 'subset-font' {
  export default function subsetFont(
    font: Uint8Array,
    text: string,
    options: { targetFormat: 'truetype'; keepFeatures?: readonly string[]; noHinting?: boolean },
  ): Promise<Uint8Array>
}
