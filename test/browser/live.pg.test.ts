/** The activity page on circuits that run: the short form of `npm run test:pages`. */
import { describe } from 'vitest';
import { liveActivity } from '../pages/live-activity.ts';
import { hasBrowser } from './browser.ts';

describe.skipIf(!hasBrowser)('the activity page', () => {
  liveActivity({ times: 3, killEvery: 2 });
});
