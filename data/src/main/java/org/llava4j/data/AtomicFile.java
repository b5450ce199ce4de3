package org.llava4j.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Atomic writes of single files. A file is written beside its final name, forced to disk and moved into place, so
 * neither readers nor a crash observe a partly written file.
 */
public final class AtomicFile {
    private AtomicFile() {}

    /** Writes the content of one file. */
    @FunctionalInterface
    public interface ContentWriter {
        void writeTo(FileChannel channel) throws IOException;
    }

    /**
     * Creates missing parent folders and writes {@code target}, replacing an existing file.
     *
     * @throws BadInputException if the file cannot be written; no partial file is left behind
     */
    public static void write(Path target, ContentWriter body) {
        write(target, body, Renamer.FILES);
    }

    private static void write(Path target, ContentWriter body, Renamer renamer) {
        Path file = RealPath.of(target);
        if (Files.isDirectory(file)) {
            throw new BadInputException(target + " is a folder; name a file");
        }
        try {
            Files.createDirectories(file.getParent());
            replace(file, body, renamer);
        } catch (IOException e) {
            throw new BadInputException(
                    "cannot write " + target + " (" + IoReason.of(e) + "); choose a folder that can be written", e);
        }
    }

    private static void replace(Path file, ContentWriter body, Renamer renamer) throws IOException {
        Path temporary =
                file.resolveSibling("." + file.getFileName() + "." + Long.toHexString(System.nanoTime()) + ".part");
        boolean moved = false;
        try {
            try (FileChannel channel =
                    FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                body.writeTo(channel);
                channel.force(true);
            }
            renamer.replace(temporary, file);
            moved = true;
        } finally {
            if (!moved) {
                deleteQuietly(temporary);
            }
        }
    }

    /** Writes a text in UTF-8; see {@link #write}. */
    public static void writeString(Path target, String text) {
        writeString(target, text, Renamer.FILES);
    }

    static void writeString(Path target, String text, Renamer renamer) {
        write(
                target,
                channel -> {
                    var bytes = StandardCharsets.UTF_8.encode(text);
                    while (bytes.hasRemaining()) {
                        channel.write(bytes);
                    }
                },
                renamer);
    }

    /**
     * Deletes what killed processes left of writing a file. The caller must hold the lock of its folder, which must exist.
     *
     * @throws UncheckedIOException if something cannot be deleted
     */
    public static void deleteLeftovers(Path target) {
        Pattern name =
                Pattern.compile("\\." + Pattern.quote(target.getFileName().toString()) + "\\.[0-9a-f]+\\.part");
        try (Stream<Path> files = Files.list(target.toAbsolutePath().getParent())) {
            for (Path file : files.toList()) {
                if (name.matcher(file.getFileName().toString()).matches()) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove what was left of " + target, e);
        }
    }

    private static void deleteQuietly(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            // The original failure is already being thrown; a leftover temporary file must not hide it.
            file.toFile().deleteOnExit();
        }
    }
}
