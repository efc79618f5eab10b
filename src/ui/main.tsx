import { render } from 'preact';
import './style/base.css';
import { takeKey } from './keys/keys.ts';
import { followLinks } from './shell/router.ts';
import { Shell } from './shell/shell.tsx';

addEventListener('keydown', takeKey);
addEventListener('click', followLinks);
render(<Shell />, document.body);
