package org.llava4j.data.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Sha256;

/** Images in folders, zips and tars. */
class ImageBytesTest {
    @TempDir
    private Path temp;

    private final Map<String, byte[]> images = new LinkedHashMap<>();

    @BeforeEach
    void writeImages() throws IOException {
        Random random = new Random(3);
        for (int i = 0; i < 40; i++) {
            byte[] bytes = new byte[1 + random.nextInt(2000)];
            random.nextBytes(bytes);
            images.put((i % 2 == 0 ? "train/" : "") + i + ".jpg", bytes);
        }
        for (Map.Entry<String, byte[]> image : images.entrySet()) {
            Path file = temp.resolve("folder").resolve(image.getKey());
            Files.createDirectories(file.getParent());
            Files.write(file, image.getValue());
        }
        zip(temp.resolve("photos.zip"));
        tar(temp.resolve("photos.tar"));
    }

    private void zip(Path file) throws IOException {
        try (OutputStream out = Files.newOutputStream(file);
                ZipOutputStream zip = new ZipOutputStream(out)) {
            for (Map.Entry<String, byte[]> image : images.entrySet()) {
                zip.putNextEntry(new ZipEntry(image.getKey()));
                zip.write(image.getValue());
            }
        }
    }

    private void tar(Path file) throws IOException {
        try (OutputStream out = Files.newOutputStream(file);
                TarArchiveOutputStream tar = new TarArchiveOutputStream(out)) {
            for (Map.Entry<String, byte[]> image : images.entrySet()) {
                // Entry names as in "tar cf photos.tar -C folder .".
                TarArchiveEntry entry = new TarArchiveEntry("./" + image.getKey());
                entry.setSize(image.getValue().length);
                tar.putArchiveEntry(entry);
                tar.write(image.getValue());
                tar.closeArchiveEntry();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"folder", "photos.zip", "photos.tar"})
    void readIsThreadSafe(String place) {
        String[] names = images.keySet().toArray(new String[0]);
        IntStream.range(0, 10 * names.length).parallel().forEach(i -> {
            String name = names[i % names.length];
            Path image = temp.resolve(place).resolve(name);
            assertThat(ImageBytes.read(image)).as(name).isEqualTo(images.get(name));
            assertThat(ImageBytes.version(image).bytes()).isEqualTo(images.get(name).length);
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"folder", "photos.zip", "photos.tar"})
    void readRejectsMissingImage(String place) {
        for (String name : new String[] {"100.jpg", "train", "../folder/1.jpg/x", "../../etc/passwd"}) {
            Path image = temp.resolve(place).resolve(name);
            assertThatThrownBy(() -> ImageBytes.read(image))
                    .isInstanceOf(BadInputException.class)
                    .hasMessage("there is no image " + image + "; check the name and the image folder");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"folder", "photos.zip", "photos.tar"})
    void sha256IsThatOfTheBytesInFolderAndArchive(String place) {
        Path folder = temp.resolve(place);
        images.forEach((name, bytes) ->
                assertThat(ImageBytes.sha256(folder.resolve(name))).as(name).isEqualTo(Sha256.of(bytes)));
        Path image = folder.resolve("1.jpg");
        assertThat(ImageBytes.file(image)).isEqualTo(place.equals("folder") ? image : folder);
        assertThatThrownBy(() -> ImageBytes.sha256(folder.resolve("none.jpg")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("there is no image");
    }

    @Test
    void readReopensChangedArchive() throws IOException {
        Path image = temp.resolve("photos.tar/1.jpg");
        byte[] before = ImageBytes.read(image);
        images.replaceAll((name, bytes) -> Arrays.copyOf(bytes, bytes.length + 1));
        Path other = temp.resolve("other.tar");
        tar(other);
        Files.setLastModifiedTime(other, FileTime.fromMillis(1));
        Files.move(other, temp.resolve("photos.tar"), StandardCopyOption.REPLACE_EXISTING);
        assertThat(ImageBytes.read(image)).hasSize(before.length + 1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"photos.zip", "photos.tar"})
    void archiveIsDetectedByContent(String name) throws IOException {
        for (String other : new String[] {"photos", "photos.cbz", "photos.jpg"}) {
            Path renamed =
                    Files.copy(temp.resolve(name), temp.resolve("as-" + other), StandardCopyOption.REPLACE_EXISTING);
            assertThat(ImageBytes.read(renamed.resolve("1.jpg")))
                    .isEqualTo(ImageBytes.read(temp.resolve(name).resolve("1.jpg")));
        }
        Path wrong = Files.copy(temp.resolve(name), temp.resolve(name.endsWith("zip") ? "wrong.tar" : "wrong.zip"));
        assertThat(ImageBytes.read(wrong.resolve("1.jpg"))).isNotEmpty();
    }

    @Test
    void readRejectsImageInsideOfAnotherFile() throws IOException {
        Path text = Files.writeString(temp.resolve("notes"), "no archive");
        assertThatThrownBy(() -> ImageBytes.read(text.resolve("1.jpg")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("there is no image");
    }

    @Test
    void readRejectsInvalidArchive() throws IOException {
        for (String name : new String[] {"bad.zip", "bad.tar"}) {
            Path file = temp.resolve(name);
            Files.write(file, new byte[] {1, 2, 3});
            assertThatThrownBy(() -> ImageBytes.read(file.resolve("1.jpg")))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining(file + ": is not a valid ")
                    .hasMessageNotContaining("\n");
        }
        Path compressed = Files.createFile(temp.resolve("photos.tar.gz"));
        assertThatThrownBy(() -> ImageBytes.read(compressed.resolve("1.jpg")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("decompress it");
    }

    /** A damaged archive yields an image or a one-line error. */
    @ParameterizedTest
    @ValueSource(strings = {"photos.zip", "photos.tar"})
    void readRejectsDamagedArchive(String name) throws IOException {
        byte[] valid = Files.readAllBytes(temp.resolve(name));
        Random random = new Random(11);
        for (int round = 0; round < 150; round++) {
            byte[] damaged =
                    random.nextInt(4) == 0 ? Arrays.copyOf(valid, random.nextInt(valid.length)) : valid.clone();
            for (int i = 0; i < 1 + random.nextInt(8) && damaged.length > 0; i++) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            }
            Path file = Files.write(temp.resolve(round + name), damaged);
            try {
                ImageBytes.read(file.resolve("train/38.jpg"));
            } catch (BadInputException e) {
                assertThat(e.getMessage()).doesNotContain("\n").contains(file.toString());
            }
            Files.delete(file);
        }
    }

    @Test
    void readResolvesParentOfLinkTarget() throws IOException {
        Path data = Files.createDirectories(temp.resolve("store/data"));
        Files.copy(temp.resolve("photos.tar"), temp.resolve("store/images.tar"));
        Path link = Files.createSymbolicLink(temp.resolve("link"), data);
        Map.Entry<String, byte[]> first = images.entrySet().iterator().next();
        assertThat(ImageBytes.read(link.resolve("../images.tar").resolve(first.getKey())))
                .isEqualTo(first.getValue());
    }
}
