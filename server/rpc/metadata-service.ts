import type {
  InstanceMetadata__Output,
  InstanceMetadata as MetadataMessage,
} from '../../proto/gen/yurt/v1/InstanceMetadata.ts';
import type { MetadataServiceHandlers } from '../../proto/gen/yurt/v1/MetadataService.ts';
import type { Template as TemplateMessage } from '../../proto/gen/yurt/v1/Template.ts';
import type { TemplateRule__Output } from '../../proto/gen/yurt/v1/TemplateRule.ts';
import { Fault } from '../base/fault.ts';
import { type InstanceMetadata, metadataEtag, templateEtag } from '../instances/templates/instance-metadata.ts';
import type { MetadataContent, MetadataEditor } from '../instances/templates/metadata-editor.ts';
import { isTrigger, type TemplateFile, type TemplateRule, templateTriggers } from '../templates/template-set.ts';
import { projectOf } from './project.ts';
import type { Handlers } from './router.ts';

export function metadataService(editor: MetadataEditor): Handlers<MetadataServiceHandlers> {
  return {
    GetInstanceMetadata: async (_call, request) => ({ metadata: encodeMetadata(await editor.get(of(request))) }),
    UpdateInstanceMetadata: async (_call, request) => {
      const { etag, metadata } = request;
      if (metadata === null) throw new Fault('invalid', 'The metadata is missing');
      return { metadata: encodeMetadata(await editor.update(of(request), etag, decodeMetadata(metadata))) };
    },
    ListTemplates: async (_call, request) => ({ names: (await editor.get(of(request))).files.map(({ name }) => name) }),
    GetTemplate: async (_call, request) => ({
      template: encodeTemplate(await editor.template(of(request), named(request).name)),
    }),
    CreateTemplate: async ({ log }, request) => {
      const { name, content } = named(request);
      return { template: encodeTemplate(await editor.createTemplate(log, of(request), { name, content })) };
    },
    UpdateTemplate: async ({ log }, request) => {
      const { name, etag, content } = named(request);
      return { template: encodeTemplate(await editor.updateTemplate(log, of(request), etag, { name, content })) };
    },
    DeleteTemplate: async (_call, request) => {
      await editor.deleteTemplate(of(request), named(request).name);
      return {};
    },
  };
}

function of(request: { readonly instance: string; readonly project: string }): { project: string; name: string } {
  if (request.instance === '') throw new Fault('invalid', 'The name of the instance is missing');
  return { project: projectOf(request), name: request.instance };
}

function named<Request extends { readonly name: string }>(request: Request): Request {
  if (request.name === '') throw new Fault('invalid', 'The name of the template is missing');
  return request;
}

function encodeMetadata(metadata: InstanceMetadata): MetadataMessage {
  const { architecture, creationDate, properties, rules } = metadata;
  return {
    ...{ architecture, creationDate, properties, etag: metadataEtag(metadata) },
    rules: rules.map((rule) => ({ ...rule, when: [...rule.when] })),
  };
}

function encodeTemplate(file: TemplateFile): TemplateMessage {
  return { name: file.name, content: file.content, etag: templateEtag(file) };
}

function decodeMetadata({ architecture, creationDate, properties, rules }: InstanceMetadata__Output): MetadataContent {
  return { architecture, creationDate, properties, rules: rules.map(decodeRule) };
}

function decodeRule({ path, when, template, createOnly, properties, ...owner }: TemplateRule__Output): TemplateRule {
  const wrong = when.find((trigger) => !isTrigger(trigger));
  if (wrong !== undefined) {
    const known = templateTriggers.join(', ');
    throw new Fault(
      'invalid',
      `${path.slice(0, 200)}: "when" takes ${known}, not ${JSON.stringify(wrong.slice(0, 80))}`,
    );
  }
  const { uid, gid, mode } = owner;
  return {
    ...{ path, template, createOnly, properties },
    when: when.filter(isTrigger),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
    ...(mode === undefined ? {} : { mode }),
  };
}
