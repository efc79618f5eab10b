/** A row for each user: its runs stacked by state. */
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { looks, palette } from '../../look/states.ts';
import { theme } from '../../shell/theme.ts';
import { pageAt } from '../../shell/router.ts';
import { writeSearch } from '../../runs/search-words.ts';
import type { ActivityLink } from '../activity-link.ts';
import { fairnessWords, servedOf, slowestWords, type Served } from './fairness-words.ts';

/** So many the worker tells. */
const usersMax = 100;

export function Fairness({ link }: { readonly link: ActivityLink }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { users = [], every = 1 } = link.now.value ?? {};
  const colours = palette[theme.value];
  useEffect(() => {
    const surface = canvas.current?.getContext('2d');
    if (surface === null || surface === undefined) return;
    const { width, height } = surface.canvas;
    surface.clearRect(0, 0, width, height);
    const tall = height / Math.max(1, users.length);
    for (const [at, { counts }] of users.entries()) {
      const total = counts.reduce((sum, n) => sum + n, 0);
      let x = 0;
      for (const [code, n] of counts.entries()) {
        const look = looks[code];
        if (n === 0 || look === undefined || look === 'none') continue;
        const wide = (width * n) / Math.max(1, total);
        surface.fillStyle = colours[look].fill;
        surface.fillRect(
          x,
          Math.floor(at * tall),
          wide + 0.5,
          Math.max(1, Math.ceil(tall) - (tall > 3 ? 1 : 0)),
        );
        x += wide;
      }
    }
  });
  const served = users.map(servedOf);
  const said = fairnessWords(served);
  const slow = slowestWords(link.now.value?.slowest ?? null);
  return (
    <section class="section">
      <h2>
        Fairness{' '}
        <small>
          {users.length >= usersMax ? `the first ${usersMax} users` : `${users.length} users`}
        </small>
      </h2>
      <canvas
        ref={canvas}
        width={289}
        height={192}
        class="fairness"
        role="img"
        aria-label="Each user’s runs by state"
      />
      {every > 1 && (
        <p class="small quiet">
          Of the runs that are drawn, one of {every}: what is said of a user with few runs may be
          far off.
        </p>
      )}
      {said !== null && <p class="small">{said}</p>}
      {slow !== null && <p class="small">{slow}</p>}
      {served.length > 0 && <EachUser served={served} />}
    </section>
  );
}

function EachUser({ served }: { readonly served: readonly Served[] }): JSX.Element {
  return (
    <details>
      <summary class="small">Each user</summary>
      <dl class="findings">
        {served.map(({ user, runs, done }) => (
          <div key={user}>
            <dt>
              {user === '' ? (
                '(no user)'
              ) : (
                <a href={pageAt(['runs'], { q: writeSearch([{ key: 'user', value: user }]) })}>
                  {user}
                </a>
              )}
            </dt>
            <dd>
              {done} of {runs} done
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
