/**
 * Mermaid's own parser in a process of its own: texts as a JSON array on standard input, what it has read of each
 * on standard output, or `{ error }`. Without a DOM its sanitizer cannot run, so that one lets everything pass.
 */
import { text } from 'node:stream/consumers';
import DOMPurify from 'dompurify';

DOMPurify.addHook = () => undefined;
DOMPurify.sanitize = (given) => given;
const { default: mermaid } = await import('mermaid');

// The first parse makes the kinds of diagrams known; what reads a text below parses it itself.
await mermaid.parse('stateDiagram-v2\n[*] --> a');
const read = [];
for (const one of JSON.parse(await text(process.stdin))) {
  try {
    // oxlint-disable-next-line typescript/no-deprecated -- nothing else gives what was read
    const { db } = await mermaid.mermaidAPI.getDiagramFromText(one);
    const { nodes, edges } = db.getData();
    read.push({
      nodes: nodes.map(({ id, label, parentId, shape }) => ({ id, label, parentId, shape })),
      edges: edges.map(({ start, end, label }) => ({ start, end, label })),
    });
  } catch (error) {
    read.push({ error: String(error) });
  }
}
process.stdout.write(JSON.stringify(read));
