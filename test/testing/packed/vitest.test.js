import { story } from './story.js';

/* globals test, vi */
test('in real time', story);
test('under fake timers', async () => {
  vi.useFakeTimers();
  await story();
  vi.useRealTimers();
});
