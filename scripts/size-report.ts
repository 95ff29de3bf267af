/** Prints measured sizes beside their budgets. A budget counts the code without kinds of jobs: see `without-kinds.ts`. */

export interface MeasuredSize {
  name: string
  /** Bytes, with the kinds of jobs of this project. */
  whole: number
  /** Bytes, without any kind of job. */
  code: number
  /** Bytes of code: what has been reached, rounded up to the next 100. */
  budget: number
}

/** Sets the exit code where a budget is exceeded. */
export function printSizes(sizes: readonly MeasuredSize[]): void {
  for (const { name, whole, code, budget } of sizes) {
    console.log(`${whole}  ${name}: ${code} of ${budget} code, ${whole - code} kinds of jobs`)
    if (code > budget) process.exitCode = 1
  }
  if (sizes.some(({ code, budget }) => code > budget)) {
    console.log('Make it smaller or, where that is worth its bytes, raise the budget here and in the docs.')
  }
}
