package org.llava4j.data.image;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.data.BadInputException;
import org.llava4j.testing.FuzzFile;
import org.llava4j.testing.FuzzOracle;
import org.llava4j.testing.FuzzSeeds;

/** Fuzz target: the readers of zip and tar archives of images. */
class ArchiveFuzzTargetTest {
    private static final List<String> ENTRIES = List.of("a.png", "train/b.jpg", "x".repeat(120) + ".png");
    private static final byte[] CONTENT = "not an image, but read as one".getBytes(StandardCharsets.US_ASCII);
    /** A deflated entry may have the 400 MB of the largest image, which are read in pieces and joined. */
    private static final FuzzOracle ORACLE = new FuzzOracle(BadInputException.class, "fuzz-archive", 1000);

    @TempDir
    private Path folder;

    static Stream<Arguments> seeds() throws IOException {
        return Stream.of(
                FuzzSeeds.of("deflated zip", zip(ZipEntry.DEFLATED)),
                FuzzSeeds.of("GNU tar", tar(TarArchiveOutputStream.LONGFILE_GNU)),
                FuzzSeeds.of("POSIX tar", tar(TarArchiveOutputStream.LONGFILE_POSIX)));
    }

    private static byte[] zip(int method) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            zip.setMethod(method);
            for (String name : ENTRIES) {
                zip.putNextEntry(new ZipEntry(name));
                zip.write(CONTENT);
            }
        }
        return bytes.toByteArray();
    }

    private static byte[] tar(int longNames) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes)) {
            tar.setLongFileMode(longNames);
            for (String name : ENTRIES) {
                TarArchiveEntry entry = new TarArchiveEntry(name);
                entry.setSize(CONTENT.length);
                tar.putArchiveEntry(entry);
                tar.write(CONTENT);
                tar.closeArchiveEntry();
            }
        }
        return bytes.toByteArray();
    }

    @MethodSource("seeds")
    @FuzzTest
    void read(byte[] bytes) throws Exception {
        Path archive = FuzzFile.write(folder.resolve("fuzz-archive"), bytes);
        for (String name : ENTRIES) {
            ORACLE.accepts(() -> ImageBytes.read(archive.resolve(name)));
        }
    }
}
