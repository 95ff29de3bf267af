/** A finger on the screen, by the browser's own input pipeline. */

import type { Locator, Page } from 'playwright-core'

const NEXT_FRAME = 'new Promise((resolve) => requestAnimationFrame(resolve))'

export interface SwipeOptions {
  /** With a rest at the end, so that it is carried rather than thrown. Default false. */
  slowly?: boolean
}

/** @param distance pixels to the right; negative to the left. */
export async function swipe(
  page: Page,
  target: Locator,
  distance: number,
  options: SwipeOptions = {},
): Promise<void> {
  const box = await target.boundingBox()
  if (box === null) throw new Error('nothing to swipe')
  const session = await page.context().newCDPSession(page)
  const [x, y] = [box.x + box.width / 2, box.y + 20]
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', at?: number) =>
    session.send('Input.dispatchTouchEvent', { type, touchPoints: at === undefined ? [] : [{ x: at, y }] })
  await touch('touchStart', x)
  const steps = 5
  for (let step = 1; step <= steps; step += 1) {
    await touch('touchMove', x + (distance * step) / steps)
    // Its speed is measured by the page's own frames.
    const frames = options.slowly === true ? 12 : 1
    for (let frame = 0; frame < frames; frame += 1) await page.evaluate(NEXT_FRAME)
  }
  await touch('touchEnd')
  await session.detach()
}
