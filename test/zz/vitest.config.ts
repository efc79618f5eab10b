import { mergeConfig } from 'vitest/config';
import base from '../vitest.config.ts';
export default (env: any) => mergeConfig((base as any)(env), { test: { globalSetup: ['test/support/postgres-setup.ts'] } });
