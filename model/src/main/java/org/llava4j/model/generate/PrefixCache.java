package org.llava4j.model.generate;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * LRU cache of the KV caches of finished sequences, for prompts that begin with the same tokens and images: the next
 * question of a conversation, or another question about the same image. Not thread-safe.
 */
final class PrefixCache implements AutoCloseable {
    /** Shorter prefixes are not worth a forward pass of their own. */
    private static final int MIN_TOKENS = 16;

    /** Least recently used first. */
    private final List<Entry> entries = new ArrayList<>();

    private record Entry(PromptTokens tokens, KvCache cache) {}

    /**
     * The beginning of a prompt that is cached.
     *
     * @param ids number of its ids, with one for an image
     * @param tokens number of its tokens, image tokens included
     * @param cache keys and values of at least these tokens; belongs to the prefix cache
     */
    record Prefix(int ids, int tokens, KvCache cache) {}

    /** Finds the longest cached prefix of a prompt, without its last id; null if it is too short. */
    @Nullable
    Prefix find(PromptTokens prompt) {
        Entry best = null;
        int bestIds = 0;
        for (Entry entry : entries) {
            int ids = Math.min(entry.tokens.commonPrefix(prompt), prompt.idCount() - 1);
            if (ids >= bestIds) {
                bestIds = ids;
                best = entry;
            }
        }
        int tokens = prompt.tokenCount(bestIds);
        if (best == null || tokens < MIN_TOKENS) {
            return null;
        }
        entries.remove(best);
        entries.add(best);
        return new Prefix(bestIds, tokens, best.cache);
    }

    /**
     * Adds a sequence, in place of those that are prefixes of it, and removes the least recently used ones beyond the
     * limit. Takes ownership of the KV cache.
     *
     * @param tokens the tokens whose keys and values are cached
     */
    void add(PromptTokens tokens, KvCache cache, long maxBytes) {
        entries.removeIf(entry -> {
            boolean isPrefix = entry.tokens.commonPrefix(tokens) == entry.tokens.idCount();
            if (isPrefix) {
                entry.cache.close();
            }
            return isPrefix;
        });
        entries.add(new Entry(tokens, cache));
        while (!entries.isEmpty() && bytes() > maxBytes) {
            entries.remove(0).cache.close();
        }
    }

    private long bytes() {
        return entries.stream().mapToLong(entry -> entry.cache.bytes()).sum();
    }

    @Override
    public void close() {
        entries.forEach(entry -> entry.cache.close());
        entries.clear();
    }
}
