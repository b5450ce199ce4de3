package org.llava4j.data.tensors;

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
import org.llava4j.data.tensors.torch.PickleWriter;
import org.llava4j.data.tensors.torch.TorchZip;

/** Files that are refused: those of PyTorch that hold more than weights, and damage by hand. */
class TorchFileInvalidInputTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            legacy.bin | in the format of PyTorch before 1.6
            training.bin | holds a number under "epoch", not only named tensors
            module.bin | asks for torch.nn.modules.container.Sequential
            uint16.bin | asks for torch._utils._rebuild_tensor_v3
            complex.bin | asks for torch.ComplexFloatStorage
            """, quoteCharacter = '\u0000')
    void what_is_more_than_named_tensors_is_refused_with_what_to_do(String name, String reason) throws IOException {
        assertRefused(written(name), reason);
        assertRefused(written(name), "torch.save(");
    }

    @Test
    void a_pickle_of_something_else_is_refused_by_what_it_is() throws IOException {
        assertRefused(file(new PickleWriter().ascii("N").end()), "holds an object and no dictionary");
        assertRefused(file(new PickleWriter().ascii("]").end()), "holds a list and no dictionary");
        assertRefused(file(new PickleWriter().text("x").end()), "holds a text and no dictionary");
        assertRefused(
                file(new PickleWriter().ascii("}").text("model").ascii("}s").end()), "a dictionary under \"model\"");
        byte[] unnamed = new PickleWriter()
                .ascii("}")
                .number(7)
                .tensor("FloatStorage", "0", 1, 0, new long[0], new long[0])
                .ascii("s")
                .end();
        assertRefused(file(unnamed, new byte[4]), "a tensor under \"7\"");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            a storage that is missing | 1 | 4 | 0 | 4 | 1 | data/1, which is missing
            a storage longer than its entry | 0 | 5 | 0 | 4 | 1 | a storage of 5 elements of 4 bytes, but data/0 has 16
            a storage shorter than its entry | 0 | 3 | 0 | 3 | 1 | a storage of 3 elements of 4 bytes, but data/0 has 16
            a storage of all there is | 0 | 9223372036854775807 | 0 | 4 | 1 | a storage of 9223372036854775807
            a tensor longer than its storage | 0 | 4 | 0 | 5 | 1 | reaches to element 4 of a storage of 4
            an offset that pushes it out | 0 | 4 | 1 | 4 | 1 | reaches to element 4
            an offset past all | 0 | 4 | 9223372036854775807 | 2 | 1 | too large to exist
            strides that leave it | 0 | 4 | 0 | 4 | 2 | reaches to element 6
            a stride past 64 bits | 0 | 4 | 0 | 4 | 9223372036854775807 | too large to exist
            more than the file holds | 0 | 4 | 0 | 4611686018427387904 | 0 | more than the file could hold
            """)
    void a_tensor_outside_its_storage_is_refused(
            String what, String key, long storage, long offset, long size, long stride, String reason)
            throws IOException {
        byte[] pickle =
                PickleWriter.single("FloatStorage", key, storage, offset, new long[] {size}, new long[] {stride});
        assertRefused(file(pickle, new byte[16]), reason);
        assertRefused(file(pickle, new byte[16]), "tensor \"x\"");
    }

    @Test
    void a_shape_past_64_bits_is_refused_though_it_may_be_empty() throws IOException {
        long half = 1L << 40;
        byte[] pickle =
                PickleWriter.single("FloatStorage", "0", 1, 0, new long[] {half, half, 0}, new long[] {0, 0, 0});
        assertRefused(file(pickle, new byte[4]), "too large to exist");
    }

    @Test
    void an_axis_too_many_is_refused_when_it_is_read() throws IOException {
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
    void bytes_that_are_no_booleans_are_refused_in_a_view_too() throws IOException {
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
    void another_byte_order_is_refused() throws IOException {
        TorchZip zip = TorchZip.of(new PickleWriter().ascii("}").end());
        try (TorchFile file = TorchFile.open(Files.write(folder.resolve("none.bin"), zip.bytes()))) {
            assertThat(file.tensors()).isEmpty();
        }
        zip.with("root/byteorder", "big");
        assertRefused(Files.write(folder.resolve("big.bin"), zip.bytes()), "byte order \"big\"");
    }

    @Test
    void a_zip_of_something_else_is_refused() throws IOException {
        Path path = Files.write(
                folder.resolve("docs.zip"),
                new TorchZip().with("a/b/data.pkl", "x").bytes());
        assertRefused(path, "0 data.pkl");
        byte[] two =
                new TorchZip().with("a/data.pkl", "x").with("b/data.pkl", "x").bytes();
        assertRefused(Files.write(path, two), "2 data.pkl");
        assertRefused(Files.write(path, new byte[0]), "is empty");
    }

    @Test
    void a_file_that_shrinks_while_it_is_open_is_refused() throws IOException {
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
    void a_missing_file_or_tensor_is_named() throws IOException {
        assertRefused(folder.resolve("none.bin"), "there is no file");
        try (TorchFile file = TorchFile.open(written("types.bin"))) {
            assertThatThrownBy(() -> file.read("y"))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("\"y\"");
        }
    }

    private static void assertRefused(Path path, String reason) {
        assertThatThrownBy(() -> TorchFile.open(path))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(path.toString())
                .hasMessageContaining(reason);
    }

    /** A file by hand. */
    private Path file(byte[] pickle, byte[]... storages) throws IOException {
        TorchZip zip = TorchZip.of(pickle);
        for (int i = 0; i < storages.length; i++) {
            zip.with("root/data/" + i, storages[i]);
        }
        return Files.write(Files.createTempFile(folder, "case", ".bin"), zip.bytes());
    }

    /** A file that PyTorch wrote. */
    private Path written(String name) throws IOException {
        Path path = folder.resolve(name);
        try (var in = TorchFileInvalidInputTest.class.getResourceAsStream(name)) {
            return Files.write(path, in.readAllBytes());
        }
    }
}
