import { mock, test } from 'node:test';
import { story } from './story.js';

test('in real time', story);
test('under fake timers', async () => {
  mock.timers.enable();
  await story();
  mock.timers.reset();
});
