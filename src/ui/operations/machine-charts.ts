/**
 * Charts of heddle's own machines, by their ids. The build puts what it has planned and laid out in the place of this
 * module; without it there are none.
 */
import type { AgentChart } from '../../client/index.ts';

export const machineCharts: Readonly<Record<string, AgentChart | undefined>> = {};
