/** What is going on: the sentence, the weave with its tracks, states, fairness, the audit. */
import type { JSX } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import './activity.css';
import { access, isRefused, tenant } from '../shell/access.ts';
import { useKeys } from '../keys/keys.ts';
import { theme } from '../shell/theme.ts';
import { query, setQuery } from '../shell/router.ts';
import { listed } from '../look/states.ts';
import { ActivityLink } from './activity-link.ts';
import { useFollow } from './follow.ts';
import { AuditPanel } from './side/audit-panel.tsx';
import { Fairness } from './side/fairness.tsx';
import { Sentence } from './sentence.tsx';
import { StateList } from './side/state-list.tsx';
import { useShownTime } from './shown-time.ts';
import { orders, Tracks } from './tracks.tsx';

export function ActivityPage(): JSX.Element {
  const isFollowing = useFollow();
  const link = useMemo(() => new ActivityLink(access.value, theme.peek()), [access.value]);
  useEffect(() => () => link.close(), [link]);
  const order = orders.find((one) => one === query.value.get('by')) ?? 'agent';
  const isolated = listed.find((one) => one === query.value.get('state')) ?? null;
  // A choice of another tenant begins another picture.
  useEffect(() => link.say({ kind: 'theme', theme: theme.value }), [link, theme.value]);
  useEffect(() => link.say({ kind: 'order', order }), [link, order]);
  useEffect(() => link.say({ kind: 'isolate', look: isolated }), [link, isolated]);
  useEffect(() => {
    if (link.state.value === 'refused') isRefused.value = true;
  }, [link, link.state.value]);
  useShownTime(link);
  const showAll = (): void => {
    link.say({ kind: 'all' });
    setQuery({ from: null, to: null, state: null }, 'push');
  };
  useKeys({ Escape: showAll });
  return (
    <>
      <div class="head">
        <Sentence link={link} />
      </div>
      <div class="activity">
        <Tracks link={link} order={order} showAll={showAll} />
        <aside class="side">
          <StateList
            link={link}
            isolated={isolated}
            choose={(look) => setQuery({ state: look === isolated ? null : look }, 'push')}
          />
          <Fairness link={link} />
          <AuditPanel key={tenant.value} link={link} isFollowing={isFollowing} />
        </aside>
      </div>
    </>
  );
}
