package org.llava4j.data.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Golden;

class ClipPreprocessingTest {
    private static final String REST =
            "'image_mean':[0.48145466,0.4578275,0.40821073]," + "'image_std':[0.26862954,0.26130258,0.27577711]";

    @TempDir
    Path folder;

    @Test
    void the_golden_file_is_clips_own_at_56_pixels() {
        assertThat(ClipPreprocessing.read(Golden.path("a_clip56"))).isEqualTo(ClipPreprocessing.clip(56));
    }

    @Test
    void older_files_give_bare_numbers_and_fewer_keys() throws IOException {
        write("{'crop_size':224,'size':224,'resample':3,'do_resize':true,'do_center_crop':true," + REST + "}");
        assertThat(ClipPreprocessing.read(folder)).isEqualTo(ClipPreprocessing.clip(224));
    }

    @Test
    void the_aspect_ratio_is_named_as_llava_names_it() {
        assertThat(AspectRatio.named("pad")).isEqualTo(AspectRatio.PAD);
        assertThat(AspectRatio.named("square")).isEqualTo(AspectRatio.SQUARE);
        assertThatThrownBy(() -> AspectRatio.named("anyres"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("anyres");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '\u0000', textBlock = """
            another filter | 'crop_size':56,'size':56,'resample':2 | resample
            no crop | 'crop_size':56,'size':56,'do_center_crop':false | do_center_crop
            a crop larger than the picture | 'crop_size':57,'size':56 | shortest_edge
            an oblong crop | 'crop_size':{'height':56,'width':57},'size':56 | square
            a fixed height and width | 'crop_size':56,'size':{'height':56,'width':56} | size
            no size | 'crop_size':56 | size
            no pixels | 'crop_size':0,'size':56 | crop_size
            a text | 'crop_size':'56','size':56 | crop_size
            """)
    void what_is_not_clips_preprocessing_is_refused(String what, String keys, String reason) throws IOException {
        write("{" + keys + "," + REST + "}");
        assertRefused(what, reason);
    }

    @Test
    void means_and_deviations_are_three_numbers_each() throws IOException {
        write("{'crop_size':56,'size':56}");
        assertRefused("no mean", "image_mean");
        write("{'crop_size':56,'size':56,'image_mean':[0.5,0.5],'image_std':[1,1,1]}");
        assertRefused("two means", "image_mean");
        write("{'crop_size':56,'size':56,'image_mean':[0.5,0.5,0.5],'image_std':[1,0,1]}");
        assertRefused("a zero deviation", "image_std");
    }

    @Test
    void a_missing_or_broken_file_is_refused_with_its_line() throws IOException {
        assertRefused("missing", "no such file");
        write("{'crop_size':56,\n\n'size'}");
        assertRefused("broken", "line 3");
        write("[]");
        assertRefused("a list", "one JSON object");
        write("{'size':56,'size':56}");
        assertRefused("a key twice", "broken JSON");
    }

    private void assertRefused(String what, String reason) {
        assertThatThrownBy(() -> ClipPreprocessing.read(folder))
                .as(what)
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("preprocessor_config.json")
                .hasMessageContaining(reason);
    }

    private void write(String json) throws IOException {
        Files.writeString(folder.resolve("preprocessor_config.json"), json.replace('\'', '"'));
    }
}
