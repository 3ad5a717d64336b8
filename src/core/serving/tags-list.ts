import { type Answer, jsonAnswer } from './answer.ts';
import type { ServedRepository } from './contents.ts';
import type { TagsPage } from './request.ts';

/**
 * The tags of a repository in lexical order, one page of them, with a `Link` to the next where there is more
 * (distribution-spec, "Listing Tags"). `repository` is the name that was asked for.
 */
export function listTags(repository: string, { tags }: ServedRepository, { most, last }: TagsPage): Answer {
  const behind = [...tags.keys()].toSorted().filter((tag) => last === undefined || tag > last);
  const shown = behind.slice(0, most ?? behind.length);
  const next =
    shown.length > 0 && shown.length < behind.length
      ? `</v2/${repository}/tags/list?n=${shown.length}&last=${shown.at(-1)}>; rel="next"`
      : undefined;
  return jsonAnswer({ name: repository, tags: shown }, next === undefined ? {} : { link: next });
}
