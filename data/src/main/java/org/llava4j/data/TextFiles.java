package org.llava4j.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * UTF-8 texts: files written by users, and resources. A byte order mark of a file is dropped; other encodings
 * are rejected by name instead of being decoded incorrectly.
 */
public final class TextFiles {
    private static final byte[] BOM = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

    private TextFiles() {}

    /**
     * Reads a file.
     *
     * @throws BadInputException if the file cannot be read, is not UTF-8 or contains a NUL byte
     */
    public static String read(Path file) {
        byte[] content;
        try {
            content = Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            throw new BadInputException(file + ": no such file; check the path", e);
        } catch (IOException e) {
            throw FileReadError.of(file, e, "check the path");
        }
        FailedDownload.rejectUnlessEmpty(file, content);
        int from = bomBytes(file, content);
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(content, from, content.length - from))
                    .toString();
            int nul = text.indexOf(0);
            if (nul >= 0) {
                throw new BadInputException(file + ", line "
                        + Math.max(1, text.substring(0, nul + 1).lines().count())
                        + ": contains a NUL byte; the file is damaged or not UTF-8 text");
            }
            return text;
        } catch (CharacterCodingException e) {
            throw new BadInputException(file + ": is not UTF-8; save it as UTF-8", e);
        }
    }

    /**
     * Reads the lines of a file, which end with LF, CR LF or CR.
     *
     * @throws BadInputException as {@link #read}
     */
    public static List<String> lines(Path file) {
        return read(file).lines().toList();
    }

    /** Reads the first bytes of a file; see {@link #bomBytes(Path, byte[])}. */
    public static int bomBytes(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return bomBytes(file, in.readNBytes(4));
        }
    }

    /**
     * Length of the byte order mark of a UTF-8 text, 0 without one.
     *
     * @param start at least the first four bytes, or all if there are fewer
     * @throws BadInputException if the text is UTF-16 or UTF-32
     */
    private static int bomBytes(Path file, byte[] start) {
        if (start.length >= 4 && (isZero(start, 0, 1) || isZero(start, 2, 3))) {
            throw new BadInputException(file + ": is UTF-32; save it as UTF-8");
        }
        boolean marked = start.length >= 2 && (start[0] & start[1] & 0xFE) == 0xFE && (start[0] ^ start[1]) == 1;
        if (marked || (start.length >= 2 && (start[0] == 0 ^ start[1] == 0))) {
            throw new BadInputException(file + ": is UTF-16; save it as UTF-8");
        }
        return start.length >= 3 && Arrays.equals(start, 0, 3, BOM, 0, 3) ? 3 : 0;
    }

    private static boolean isZero(byte[] bytes, int one, int other) {
        return bytes[one] == 0 && bytes[other] == 0;
    }

    /** Reads a resource of the library that is beside a class. */
    public static String resource(Class<?> owner, String name) {
        try (InputStream in = owner.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the resource " + name + " of " + owner, e);
        }
    }
}
