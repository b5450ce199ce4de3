package org.llava4j.train.data;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.llava4j.data.Fingerprint;
import org.llava4j.data.InputSnapshot;
import org.llava4j.data.batch.CollatorOptions;
import org.llava4j.data.conversation.ConversationEncoder;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.config.VocabularyCheck;
import org.llava4j.model.folder.ModelFiles;
import org.llava4j.train.stage.DataArguments.DataFormat;
import org.llava4j.train.stage.DataArguments.ScienceQaFormat;
import org.llava4j.train.stage.Stage;

/**
 * How a stage encodes samples for a model: tokenizer, conversation template, maximum length, image tokens.
 *
 * @param stage the stage
 * @param model folder with the tokenizer
 * @param config model configuration of the run
 */
public record SampleEncoding(Stage stage, Path model, LlavaConfig config) {
    private static final String ANSWER_FORMAT = "answerFormat";

    /** Encoder of conversations into token ids and labels. */
    public ConversationEncoder encoder() {
        return new ConversationEncoder(
                VocabularyCheck.load(model, config.decoder().vocabSize()),
                stage.data().chatFormat().template(),
                stage.data().chatFormat().markup(config));
    }

    /** Maximum length, padding and image tokens of a batch. */
    public CollatorOptions collatorOptions() {
        CollatorOptions options = new CollatorOptions(
                config.numImageTokens(),
                config.decoder().vocabSize(),
                stage.data().modelMaxLength(),
                CollatorOptions.PaddingSide.RIGHT,
                stage.data().padToMultipleOf(),
                config.imageStartEndTokens());
        return stage.data().packing() ? options.withPacking() : options;
    }

    /** Everything that the token ids of a source depend on except the data; recorded in tokenized datasets. */
    public Fingerprint identity(DataSource source) {
        return builder(source.format(stage) == DataFormat.SCIENCEQA).build();
    }

    /** Format of the data of a tokenized dataset, by its {@link #identity(DataSource)}. */
    static DataFormat format(Fingerprint identity) {
        return identity.values().containsKey(ANSWER_FORMAT) ? DataFormat.SCIENCEQA : DataFormat.CONVERSATIONS;
    }

    /** Everything that the token ids of data sources depend on; reads their files, but no image. */
    public Fingerprint identity(List<DataSource> sources) {
        Fingerprint.Builder identity = builder(true);
        for (int i = 0; i < sources.size(); i++) {
            identity.add("data source " + (i + 1), "sha256 " + OpenDataSource.sha256(sources.get(i)));
        }
        return identity.build();
    }

    private Fingerprint.Builder builder(boolean withScienceQa) {
        Map<String, Path> tokenizer = ModelFiles.tokenizer(model);
        Fingerprint.Builder identity = new Fingerprint.Builder()
                .addAll("conversation template ", stage.data().chatFormat().template())
                .add("imageFirst", stage.data().imageFirst())
                .add("mm_use_im_start_end", config.imageStartEndTokens() != null)
                .add("tokens of an image", config.numImageTokens())
                .add("maxLength", stage.data().modelMaxLength())
                .addFiles("", tokenizer, InputSnapshot.byContent(tokenizer.values()));
        ScienceQaFormat format = stage.data().scienceQa();
        if (format != null && withScienceQa) {
            identity.add(ANSWER_FORMAT, format.promptFormat()).add("split", format.split());
        }
        return identity;
    }
}
