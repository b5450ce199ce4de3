package org.llava4j.model.tensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.data.BadInputException;
import org.llava4j.model.tensors.torch.PickleWriter;
import org.llava4j.model.tensors.torch.TorchZip;

/** Rejected files: PyTorch files with more than weights, and damaged files. */
class TorchFileInvalidInputTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            legacy.bin | has the format of PyTorch before 1.6
            training.bin | contains a number under "epoch", not only named tensors
            module.bin | refers to torch.nn.modules.container.Sequential
            uint16.bin | refers to torch._utils._rebuild_tensor_v3
            complex.bin | refers to torch.ComplexFloatStorage
            """, quoteCharacter = '\u0000')
    void openRejectsMoreThanNamedTensors(String name, String reason) throws IOException {
        assertRejected(written(name), reason);
        assertRejected(written(name), "torch.save(");
    }

    @Test
    void openRejectsPickleOfOtherObject() throws IOException {
        assertRejected(file(new PickleWriter().ascii("N").end()), "contains an object instead of a dictionary");
        assertRejected(file(new PickleWriter().ascii("]").end()), "contains a list instead of a dictionary");
        assertRejected(file(new PickleWriter().text("x").end()), "contains a string instead of a dictionary");
        assertRejected(
                file(new PickleWriter().ascii("}").text("model").ascii("}s").end()), "a dictionary under \"model\"");
        byte[] unnamed = new PickleWriter()
                .ascii("}")
                .number(7)
                .tensor("FloatStorage", "0", 1, 0, new long[0], new long[0])
                .ascii("s")
                .end();
        assertRejected(file(unnamed, new byte[4]), "a tensor under \"7\"");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            a storage that is missing | 1 | 4 | 0 | 4 | 1 | data/1, which is missing
            a storage longer than its entry | 0 | 5 | 0 | 4 | 1 | a storage of 5 elements of 4 bytes, but data/0 has 16
            a storage shorter than its entry | 0 | 3 | 0 | 3 | 1 | a storage of 3 elements of 4 bytes, but data/0 has 16
            huge storage | 0 | 9223372036854775807 | 0 | 4 | 1 | a storage of 9223372036854775807
            a tensor longer than its storage | 0 | 4 | 0 | 5 | 1 | extends to element 4 of a storage of 4
            offset moves it outside | 0 | 4 | 1 | 4 | 1 | extends to element 4
            huge offset | 0 | 4 | 9223372036854775807 | 2 | 1 | overflows 64 bits
            strides leave the storage | 0 | 4 | 0 | 4 | 2 | extends to element 6
            a stride past 64 bits | 0 | 4 | 0 | 4 | 9223372036854775807 | overflows 64 bits
            expanded beyond the file size | 0 | 4 | 0 | 4611686018427387904 | 0 | more than the file could contain
            """)
    void openRejectsTensorOutsideStorage(
            String what, String key, long storage, long offset, long size, long stride, String reason)
            throws IOException {
        byte[] pickle =
                PickleWriter.single("FloatStorage", key, storage, offset, new long[] {size}, new long[] {stride});
        assertRejected(file(pickle, new byte[16]), reason);
        assertRejected(file(pickle, new byte[16]), "tensor \"x\"");
    }

    @Test
    void openRejectsShapeBeyond64Bits() throws IOException {
        long half = 1L << 40;
        byte[] pickle =
                PickleWriter.single("FloatStorage", "0", 1, 0, new long[] {half, half, 0}, new long[] {0, 0, 0});
        assertRejected(file(pickle, new byte[4]), "overflows 64 bits");
    }

    @Test
    void readRejectsTooManyAxes() throws IOException {
        long[] ones = new long[33];
        Arrays.fill(ones, 1);
        Path path = file(PickleWriter.single("FloatStorage", "0", 1, 0, ones, ones), new byte[4]);
        try (TorchFile file = TorchFile.open(path)) {
            assertThatThrownBy(() -> file.read("x"))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("33 axes");
        }
    }

    @Test
    void readRejectsInvalidBooleanInView() throws IOException {
        byte[] bytes = {1, 0, 2, 0};
        Path side = file(PickleWriter.single("BoolStorage", "0", 4, 0, new long[] {4}, new long[] {1}), bytes);
        Path apart = file(PickleWriter.single("BoolStorage", "0", 4, 0, new long[] {2}, new long[] {2}), bytes);
        for (Path path : new Path[] {side, apart}) {
            try (TorchFile file = TorchFile.open(path)) {
                assertThatThrownBy(() -> file.read("x"))
                        .isInstanceOf(BadInputException.class)
                        .hasMessageContaining("\"x\" is BOOL");
            }
        }
    }

    @Test
    void openRejectsBigEndian() throws IOException {
        TorchZip zip = TorchZip.of(new PickleWriter().ascii("}").end());
        try (TorchFile file = TorchFile.open(Files.write(folder.resolve("none.bin"), zip.bytes()))) {
            assertThat(file.tensors()).isEmpty();
        }
        zip.with("root/byteorder", "big");
        assertRejected(Files.write(folder.resolve("big.bin"), zip.bytes()), "byte order \"big\"");
    }

    @Test
    void openRejectsOtherZip() throws IOException {
        Path path = Files.write(
                folder.resolve("docs.zip"),
                new TorchZip().with("a/b/data.pkl", "x").bytes());
        assertRejected(path, "0 data.pkl");
        byte[] two =
                new TorchZip().with("a/data.pkl", "x").with("b/data.pkl", "x").bytes();
        assertRejected(Files.write(path, two), "2 data.pkl");
        assertRejected(Files.write(path, new byte[0]), "is empty");
    }

    @Test
    void readRejectsShrunkFile() throws IOException {
        byte[] pickle = PickleWriter.single("FloatStorage", "0", 4, 0, new long[] {2}, new long[] {2});
        Path path = file(pickle, new byte[16]);
        try (TorchFile file = TorchFile.open(path)) {
            try (var channel = Files.newByteChannel(path, StandardOpenOption.WRITE)) {
                channel.truncate(50);
            }
            assertThatThrownBy(() -> file.read("x"))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("ends at");
        }
    }

    @Test
    void readRejectsMissingFileOrTensor() throws IOException {
        assertRejected(folder.resolve("none.bin"), "does not exist");
        try (TorchFile file = TorchFile.open(written("types.bin"))) {
            assertThatThrownBy(() -> file.read("y"))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("\"y\"");
        }
    }

    private static void assertRejected(Path path, String reason) {
        assertThatThrownBy(() -> TorchFile.open(path))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(path.toString())
                .hasMessageContaining(reason);
    }

    private Path file(byte[] pickle, byte[]... storages) throws IOException {
        return TorchZip.write(folder, pickle, storages);
    }

    private Path written(String name) throws IOException {
        return TorchZip.copy(name, folder);
    }
}
