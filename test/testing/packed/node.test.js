import { mock, test } from 'node:test';
import { story } from './story.js';

void test('in real time', story);
void test('under fake timers', async () => {
  mock.timers.enable();
  await story();
  mock.timers.reset();
});
