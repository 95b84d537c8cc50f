import { Failure } from '../client/failure.ts';
import { say } from '../output/say.ts';
import { findRemote } from '../remotes/add-remote.ts';
import { checkNewRemote } from '../remotes/remote-name.ts';
import { clientKeyPair, pinCertificate, unpinCertificate } from '../settings/client-certificate.ts';
import { readSettings, writeSettings } from '../settings/settings.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const { env } = context;
  const [name = '', given] = input.arguments;
  const word = given ?? input.value('token');
  if (word === undefined) throw new Failure('Say a token, or the address of the server');
  checkNewRemote(await readSettings(env), name);
  const pair = await clientKeyPair(env);
  const token = given === undefined ? undefined : input.value('token');
  const acceptCertificate = input.flag('accept-certificate');
  const found = await findRemote(context, { word, token, acceptCertificate, pair });
  const project = context.global.project || found.project;
  await pinCertificate(env, name, found.certificatePem);
  try {
    await writeSettings(env, (settings) => {
      checkNewRemote(settings, name);
      return { ...settings, remotes: { ...settings.remotes, [name]: { address: found.url, project } } };
    });
  } catch (error) {
    await unpinCertificate(env, name);
    throw error;
  }
  await say(context, `Remote ${name} added: ${found.url}${project === '' ? '' : `, project ${project}`}`);
}
