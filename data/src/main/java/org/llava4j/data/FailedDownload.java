package org.llava4j.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * Content that stands in a file's place after a failed fetch: a Git LFS pointer, a page of HTML or XML, nothing at all.
 * Every reader of files asks here, so that an error names what the file is instead of what its bytes happen to mean.
 */
public final class FailedDownload {
    /** Bytes that tell what a file is. */
    public static final int HEAD_BYTES = 256;

    private static final String LFS = "version https://git-lfs.github.com/spec/";
    private static final String FETCH = "; fetch the file itself, not the page about it";

    private FailedDownload() {}

    /** What the content is, and what to do, if it is foreign. */
    private static Optional<String> of(byte[] head) {
        int length = Math.min(head.length, HEAD_BYTES);
        String start = new String(head, 0, length, StandardCharsets.ISO_8859_1)
                .replaceFirst("^\u00ef\u00bb\u00bf", "")
                .stripLeading();
        if (start.startsWith(LFS)) {
            return Optional.of("is a Git LFS pointer, not the file itself; run `git lfs pull` or download the file");
        }
        String lower = start.toLowerCase(Locale.ROOT);
        if (lower.startsWith("<!doctype html") || lower.startsWith("<html") || lower.startsWith("<head")) {
            return Optional.of("is an HTML page" + FETCH);
        }
        if (lower.startsWith("<?xml")) {
            return Optional.of("is an XML document" + FETCH);
        }
        return Optional.empty();
    }

    /**
     * Refuses content that is foreign or empty.
     *
     * @param source names it in a message
     * @param head at least {@link #HEAD_BYTES} of the content or all of it
     */
    public static void reject(Object source, byte[] head) {
        if (head.length == 0) {
            throw new BadInputException(source + " is empty; fetch or write it again");
        }
        rejectUnlessEmpty(source, head);
    }

    /** As {@link #reject(Object, byte[])} for readers to which no content is an answer, or an error of its own. */
    public static void rejectUnlessEmpty(Object source, byte[] head) {
        of(head).ifPresent(what -> {
            throw new BadInputException(source + " " + what);
        });
    }

    /** As {@link #reject(Object, byte[])} for a file, of which only the first bytes are read. */
    public static void reject(Path file) throws IOException {
        reject(file, head(file));
    }

    /** As {@link #rejectUnlessEmpty(Object, byte[])} for a file. */
    public static void rejectUnlessEmpty(Path file) throws IOException {
        rejectUnlessEmpty(file, head(file));
    }

    private static byte[] head(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return in.readNBytes(HEAD_BYTES);
        }
    }
}
