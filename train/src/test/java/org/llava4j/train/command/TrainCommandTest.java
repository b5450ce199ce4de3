package org.llava4j.train.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.apache.commons.cli.DefaultParser;
import org.apache.commons.cli.Options;
import org.apache.commons.cli.ParseException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.image.ExifOrientation;
import org.llava4j.model.weights.WeightDtype;
import org.llava4j.train.run.CheckpointPolicy;
import org.llava4j.train.run.RunOptions;
import org.llava4j.train.stage.Stages;

/** Common flags of training commands. */
class TrainCommandTest {

    private static RunOptions options(String... flags) throws ParseException {
        Options options = new Options();
        TrainCommand.addRunFlags(options);
        return TrainCommand.runOptions(
                new DefaultParser().parse(options, flags), Path.of("no-model"), CheckpointPolicy.NONE);
    }

    @Test
    void withoutFlagsOptionsAreDefault() throws ParseException {
        assertThat(options()).isEqualTo(RunOptions.DEFAULT);
    }

    @Test
    void formerFlagNamesAreAccepted() {
        assertThat(new StageMain(Stages.PRETRAIN).lastOccurrences("--recompute", "--recipe", "finetune"))
                .containsExactly("--gradient-checkpointing", "--stage", "finetune");
        assertThat(new StageMain(Stages.PRETRAIN).flags())
                .noneMatch(flag -> flag.getLongOpt().equals("recipe"));
    }

    @Test
    void exifOrientationIsIgnoredUnlessAskedFor() throws ParseException {
        assertThat(options().features().exifOrientation()).isEqualTo(ExifOrientation.IGNORE);
        assertThat(options("--exif-orientation", "apply").features().exifOrientation())
                .isEqualTo(ExifOrientation.APPLY);
        assertThatThrownBy(() -> options("--exif-orientation", "turn"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("\"apply\" or \"ignore\"");
    }

    @Test
    void memoryFlagsAreApplied() throws ParseException {
        assertThat(options("--frozen-dtype", "bf16", "--gradient-checkpointing"))
                .isEqualTo(RunOptions.DEFAULT.withFrozenDtype(WeightDtype.BF16).withGradientCheckpointing(true));
    }

    @ParameterizedTest
    @CsvSource({"4, Q4", "8, Q8", "16, BF16"})
    void bitsAreFrozenDtype(String bits, WeightDtype type) throws ParseException {
        assertThat(options("--bits", bits).model().frozenDtype()).isEqualTo(type);
    }

    @Test
    void bitsAndBytesFormatsAreRejected() throws ParseException {
        assertThat(options("--bits", "4", "--double-quant", "False").model().frozenDtype())
                .isEqualTo(WeightDtype.Q4);
        for (String[] flags :
                List.of(new String[] {"--quant-type", "nf4"}, new String[] {"--quant-type", "fp4"}, new String[] {
                    "--double-quant", "True"
                })) {
            assertThatThrownBy(() -> options("--bits", "4", flags[0], flags[1]))
                    .isInstanceOf(BadInputException.class)
                    .hasMessage(
                            flags[0] + " " + flags[1] + " is not supported: q4 (--bits 4) stores integers of 4 bits in"
                                    + " groups of 32 with one fp16 scale each; leave the flag out");
        }
        assertThatThrownBy(() -> options("--bits", "4", "--double-quant", "maybe"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("use true or false");
        assertThat(new StageMain(Stages.FINETUNE).lastOccurrences("--quant_type", "nf4", "--double_quant", "True"))
                .containsExactly("--quant-type", "nf4", "--double-quant", "True");
    }
}
