package org.llava4j.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Text files that users write, in UTF-8: a byte order mark is dropped, other encodings are refused by name instead of being
 * read as something else.
 */
public final class TextFiles {
    private static final byte[] BOM = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

    private TextFiles() {}

    /** The text of a file. @throws BadInputException if it cannot be read, is not in UTF-8 or has a NUL byte */
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
                        + ": has a NUL byte; the file is damaged or not a text in UTF-8");
            }
            return text;
        } catch (CharacterCodingException e) {
            throw new BadInputException(file + ": is not in UTF-8; save it in UTF-8", e);
        }
    }

    /** The lines of a file, which end with LF, CR LF or CR. @throws BadInputException as {@link #read} */
    public static List<String> lines(Path file) {
        return read(file).lines().toList();
    }

    /** As {@link #bomBytes(Path, byte[])}, of a file whose beginning is read for it. */
    public static int bomBytes(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return bomBytes(file, in.readNBytes(4));
        }
    }

    /**
     * Length of the byte order mark of a text in UTF-8, 0 without one.
     *
     * @param start at least the first four bytes, if there are so many
     * @throws BadInputException if the text is in UTF-16 or UTF-32
     */
    private static int bomBytes(Path file, byte[] start) {
        if (start.length >= 4 && (isZero(start, 0, 1) || isZero(start, 2, 3))) {
            throw new BadInputException(file + ": is in UTF-32; save it in UTF-8");
        }
        boolean marked = start.length >= 2 && (start[0] & start[1] & 0xFE) == 0xFE && (start[0] ^ start[1]) == 1;
        if (marked || (start.length >= 2 && (start[0] == 0 ^ start[1] == 0))) {
            throw new BadInputException(file + ": is in UTF-16; save it in UTF-8");
        }
        return start.length >= 3 && Arrays.equals(start, 0, 3, BOM, 0, 3) ? 3 : 0;
    }

    private static boolean isZero(byte[] bytes, int one, int other) {
        return bytes[one] == 0 && bytes[other] == 0;
    }
}
