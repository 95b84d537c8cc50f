/** Asks one DNS question: `resolve.ts SERVER NAME TYPE`; prints the answers, or `["!CODE"]`. */
import { Resolver } from 'node:dns/promises';

const [server = '', name = '', type = ''] = process.argv.slice(2);
const resolver = new Resolver({ timeout: 2000, tries: 1 });
resolver.setServers([server]);

async function ask(): Promise<string[]> {
  switch (type) {
    case 'A':
      return await resolver.resolve4(name);
    case 'AAAA':
      return await resolver.resolve6(name);
    default:
      return await resolver.reverse(name);
  }
}

const answers = await ask().catch((error: { code?: string }) => [`!${error.code}`]);
console.log(JSON.stringify(answers.sort()));
