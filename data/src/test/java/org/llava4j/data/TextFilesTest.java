package org.llava4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextFilesTest {
    @TempDir
    private Path temp;

    private Path file(byte... content) throws IOException {
        return Files.write(temp.resolve("text.txt"), content);
    }

    @Test
    void linesDropByteOrderMarkAndAcceptAllLineEnds() throws IOException {
        Path file = file("\uFEFFone\r\ntwo\rthree\nü".getBytes(StandardCharsets.UTF_8));
        assertThat(TextFiles.lines(file)).containsExactly("one", "two", "three", "ü");
        assertThat(TextFiles.bomBytes(file)).isEqualTo(3);
        assertThat(TextFiles.read(file())).isEmpty();
    }

    @Test
    void readRejectsOtherEncodings() throws IOException {
        for (String charset : new String[] {"UTF-16", "UTF-16LE", "UTF-16BE"}) {
            Path file = file("text".getBytes(java.nio.charset.Charset.forName(charset)));
            assertThatThrownBy(() -> TextFiles.read(file)).hasMessage(file + ": is UTF-16; save it as UTF-8");
        }
        Path latin = file((byte) 'a', (byte) 0xE9, (byte) 'b');
        assertThatThrownBy(() -> TextFiles.read(latin)).hasMessage(latin + ": is not UTF-8; save it as UTF-8");
        Path nul = file("one\ntw\0o".getBytes(StandardCharsets.UTF_8));
        assertThatThrownBy(() -> TextFiles.read(nul))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("text.txt, line 2: contains a NUL byte");
        assertThatThrownBy(() -> TextFiles.read(temp.resolve("none.txt"))).hasMessageContaining("no such file");
    }
}
