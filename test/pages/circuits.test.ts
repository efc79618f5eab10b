/** What the activity page shows is true, over 20 comparisons and 5 kills of its server. */
import { describe } from 'vitest';
import { hasBrowser } from '../browser/browser.ts';
import { liveActivity } from './live-activity.ts';

describe.skipIf(!hasBrowser)('the activity page', () => {
  liveActivity({ times: 20, killEvery: 4 });
});
