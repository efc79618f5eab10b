/** The tool that starts another agent and waits for its output. */
import type { Json } from '../domain/json.ts';
import type { ToolOffer } from './built-in-tools.ts';
import type { ResolvedLoop } from './options.ts';

export function spawnOffer(children: ResolvedLoop['children']): ToolOffer {
  const told = children.map(({ agent, description, inputSchema }) => {
    const input = inputSchema === undefined ? '' : ` Its input: ${JSON.stringify(inputSchema)}.`;
    return `${agent.id}: ${description}${input}`;
  });
  const agent: Json = { enum: children.map((child) => child.agent.id) };
  return {
    name: 'spawn',
    description: ['Starts another agent and gives its output.', ...told].join('\n'),
    inputSchema: {
      type: 'object',
      properties: { agent, input: { description: 'What the agent is given: any JSON.' } },
      required: ['agent'],
      additionalProperties: false,
    },
  };
}
