package org.llava4j.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Detection of failed downloads: a Git LFS pointer, an HTML or XML page or an empty file instead of the expected
 * content. All file readers call it, so that an error names the actual content instead of a parse error.
 */
public final class FailedDownload {
    /** Number of leading bytes that are inspected. */
    static final int HEAD_BYTES = 256;

    private static final String LFS_PREFIX = "version https://git-lfs.github.com/spec/";
    private static final String ADVICE = "; download the file itself, not its web page";

    private FailedDownload() {}

    /** Describes a failed download, with advice; null for other content. */
    private static @Nullable String describe(byte[] head) {
        int length = Math.min(head.length, HEAD_BYTES);
        String start = new String(head, 0, length, StandardCharsets.ISO_8859_1)
                .replaceFirst("^\u00ef\u00bb\u00bf", "")
                .stripLeading();
        if (start.startsWith(LFS_PREFIX)) {
            return "is a Git LFS pointer, not the file itself; run `git lfs pull` or download the file";
        }
        String lower = start.toLowerCase(Locale.ROOT);
        if (lower.startsWith("<!doctype html") || lower.startsWith("<html") || lower.startsWith("<head")) {
            return "is an HTML page" + ADVICE;
        }
        if (lower.startsWith("<?xml")) {
            return "is an XML document" + ADVICE;
        }
        return null;
    }

    /**
     * Rejects the content of a failed download and empty content.
     *
     * @param source name of the content in messages
     * @param head at least the first {@link #HEAD_BYTES} bytes of the content, or all of it
     * @throws BadInputException if the content is a failed download or empty
     */
    public static void reject(Object source, byte[] head) {
        if (head.length == 0) {
            throw new BadInputException(source + " is empty; download or write it again");
        }
        rejectUnlessEmpty(source, head);
    }

    /** Rejects the content of a failed download, but accepts empty content; for readers that handle it themselves. */
    static void rejectUnlessEmpty(Object source, byte[] head) {
        String description = describe(head);
        if (description != null) {
            throw new BadInputException(source + " " + description);
        }
    }

    /** Rejects a file by its first bytes; see {@link #reject(Object, byte[])}. */
    public static void reject(Path file) throws IOException {
        reject(file, head(file));
    }

    /** Rejects a file by its first bytes; see {@link #rejectUnlessEmpty(Object, byte[])}. */
    public static void rejectUnlessEmpty(Path file) throws IOException {
        rejectUnlessEmpty(file, head(file));
    }

    private static byte[] head(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return in.readNBytes(HEAD_BYTES);
        }
    }
}
