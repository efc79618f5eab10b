/** One kernel for all worlds: it keeps nothing between calls, and registering is slow. */
import { createKernel } from '../../src/kernel/kernel.ts';

export const kernel = createKernel();
