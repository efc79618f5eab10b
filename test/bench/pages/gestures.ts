/** What a hand does on the weave, as often as the browser takes it, and what the browser draws when it does nothing else. */
import type { Page } from 'playwright-core';

/** Zooms in and out at a point, or drags to and fro; once for each frame of the page. */
export async function movedBy(page: Page, how: 'zoom' | 'pan', forMs: number): Promise<void> {
  await page.evaluate(`new Promise((resolve) => {
    const box = document.querySelector('.weave-box');
    const { left, top, width, height } = box.getBoundingClientRect();
    const began = performance.now();
    let n = 0;
    const at = (x) => ({ bubbles: true, cancelable: true, clientX: left + width * x, clientY: top + height / 2, pointerId: 1 });
    box.setPointerCapture = () => undefined;
    if (${how === 'pan'}) {
      for (let i = 0; i < 6; i++) box.dispatchEvent(new WheelEvent('wheel', { ...at(0.5), deltaY: -200 }));
      box.dispatchEvent(new PointerEvent('pointerdown', at(0.5)));
    }
    const move = () => {
      const part = (n++ % 120) / 120;
      const there = part < 0.5 ? part * 2 : 2 - part * 2;
      if (${how === 'pan'}) box.dispatchEvent(new PointerEvent('pointermove', at(0.3 + 0.4 * there)));
      else box.dispatchEvent(new WheelEvent('wheel', { ...at(0.5), deltaY: part < 0.5 ? -20 : 20 }));
      if (performance.now() - began < ${forMs}) return requestAnimationFrame(move);
      box.dispatchEvent(new PointerEvent('pointerup', at(0.3)));
      resolve(undefined);
    };
    requestAnimationFrame(move);
  })`);
}

/** The yardstick: frames a second in which a canvas as large as the weave is filled, and no more. */
export async function fillsPerS(page: Page, forMs: number): Promise<number> {
  const frames = await page.evaluate(`new Promise((resolve) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 940, height: 340 });
    document.body.append(canvas);
    const surface = canvas.getContext('2d');
    const began = performance.now();
    let n = 0;
    const fill = () => {
      surface.fillStyle = n++ % 2 === 0 ? '#fff' : '#eee';
      surface.fillRect(0, 0, 940, 340);
      if (performance.now() - began < ${forMs}) return requestAnimationFrame(fill);
      canvas.remove();
      resolve(n);
    };
    requestAnimationFrame(fill);
  })`);
  return Number(frames) / (forMs / 1_000);
}
