/** A chart of an agent: what it holds comes at once, where everything is when it is laid out. */
import { useEffect, useState } from 'preact/hooks';
import type { AgentChart } from '../../client/index.ts';
import { useAnswer, type Answer } from '../shell/ask.ts';

const narrowPx = 700;
/** A small chart is there soon: it is not shown as an outline first. */
const smallStates = 40;
const soonMs = 1_000;

export function useChart(
  agent: string,
  version: string | undefined,
): Omit<Answer<AgentChart>, 'value'> & { readonly chart: AgentChart | null } {
  const width = innerWidth < narrowPx ? 'narrow' : 'wide';
  const of = { ...(version === undefined ? {} : { version }), width } as const;
  const key = `${agent} ${version} ${width}`;
  const asked = (layout: 'kept' | 'wait') => async (on: Parameters<Ask>[0]) => ({
    key,
    chart: await on.agents.chart(agent, { ...of, layout }),
  });
  const plan = useAnswer(asked('kept'), [key]);
  const drawn = useAnswer(asked('wait'), [key]);
  const whole = drawn.value?.key === key ? drawn.value.chart : null;
  const bare = plan.value?.key === key ? plan.value.chart : null;
  const isLate = useLate(key);
  const isSoon =
    !isLate && bare !== null && bare.drawing === null && bare.plan.nodes.length <= smallStates;
  const chart = whole ?? (isSoon && drawn.trouble === null ? null : bare);
  const again = (): void => {
    plan.again();
    drawn.again();
  };
  return { chart, trouble: chart === null ? (drawn.trouble ?? plan.trouble) : null, again };
}

/** True a while after the chart was asked for. */
function useLate(key: string): boolean {
  const [late, setLate] = useState<string | null>(null);
  useEffect(() => {
    const timer = setTimeout(() => setLate(key), soonMs);
    return () => clearTimeout(timer);
  }, [key]);
  return late === key;
}

type Ask = Parameters<typeof useAnswer>[0];
