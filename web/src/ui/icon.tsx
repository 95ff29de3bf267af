/** A line icon. Decoration only: hidden from assistive technology. */

/** SVG path data on a 16 by 16 grid. */
export type IconPaths = readonly string[]

export function Icon({ paths, class: name = 'icon' }: { paths: IconPaths; class?: string }) {
  return (
    <svg
      class={name}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      stroke-width="1.5"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {paths.map((data) => (
        <path key={data} d={data} />
      ))}
    </svg>
  )
}
