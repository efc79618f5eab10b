/** Where the pages and the API stand: an application may serve both under a prefix. */
const meta = document.querySelector<HTMLMetaElement>('meta[name="heddle-base"]');

/** Such as `/ops`; empty for a server of heddle's own. */
const prefix = meta?.content ?? '';

export const pagesAt = `${prefix}/ui`;
export const apiAt = location.origin + prefix;
