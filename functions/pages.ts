import type { Listed, Page } from "../shared/ports.ts";

const pageSize = 500;

/** Every item of a list that comes in pages, one page in memory at a time. */
export async function* pagesOf<T>(list: (page: Page) => Promise<Listed<T>>): AsyncGenerator<T> {
  let after: string | undefined;
  do {
    const page = await list({ limit: pageSize, ...(after === undefined ? {} : { after }) });
    yield* page.items;
    after = page.next;
  } while (after !== undefined);
}
