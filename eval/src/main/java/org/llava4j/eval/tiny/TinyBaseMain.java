package org.llava4j.eval.tiny;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.jspecify.annotations.Nullable;
import org.llava4j.cli.Command;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.InputPaths;
import org.llava4j.data.synthetic.SyntheticDatasetConfig;
import org.llava4j.data.synthetic.SyntheticDatasetWriter;
import org.llava4j.data.synthetic.TextCorpus;
import org.llava4j.data.tokenizer.BpeTrainer;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.data.tokenizer.SentencePieceModel;
import org.llava4j.data.tokenizer.SentencePieceReader;
import org.llava4j.data.tokenizer.SentencePieceWriter;
import org.llava4j.data.tokenizer.TokenizerFiles;
import org.llava4j.model.Llava;
import org.llava4j.model.tensors.SafetensorsWriter;
import org.llava4j.model.tensors.TensorType;
import org.llava4j.model.weights.Checkpoint;
import org.nd4j.linalg.api.ndarray.INDArray;

/** {@code exec:java@tiny-base}: trains the base model of the demo, {@code resources/tiny/base}. */
public final class TinyBaseMain extends Command {
    private static final int TOKENIZER_CORPUS_SIZE = 20_000;
    private static final String CONFIG = "config.json";
    private static final String WEIGHTS = "model.safetensors";

    private TinyBaseMain() {
        super(
                "tiny-base",
                "Trains the tiny base model of the demo: a tokenizer, a decoder trained on text, and a vision tower"
                        + " trained on labelled synthetic images.");
    }

    public static void main(String[] args) {
        new TinyBaseMain().execute(args);
    }

    @Override
    protected Options options() {
        return new Options()
                .addOption(required("output-dir", "DIR", "output folder of the base model"))
                .addOption(flag("seed", "N", "seed of all random choices (default 1)"))
                .addOption(alias(
                        flag("images", "N", "synthetic images to train the tower on (default 32000)"), "pictures"))
                .addOption(flag("decoder", "DIR", "existing tokenizer and decoder, instead of training them"))
                .addOption(flag("decoder-steps", "N", "training steps of the decoder (default 8000)"))
                .addOption(flag("tower-steps", "N", "training steps of the tower (default 5500)"));
    }

    @Override
    protected void run(CommandLine line) {
        Path output = path(line, "output-dir");
        long seed = integer(line, "seed", 1);
        // Never committed: the images are temporary.
        Path temporary = output.resolveSibling(output.getFileName() + ".images");
        try (AtomicFolder folder =
                        AtomicFolder.begin(output, "tiny-base", InputPaths.of(optionalPath(line, "decoder")));
                AtomicFolder images = AtomicFolder.begin(temporary, "images")) {
            Path base = folder.path();
            Path existing = optionalPath(line, "decoder");
            LlamaTokenizer tokenizer = tokenizer(existing, base.resolve("tokenizer.model"), seed);
            Llava decoder = existing == null
                    ? TinyDecoder.train(tokenizer, seed, integer(line, "decoder-steps", 8000))
                    : load(existing);
            SafetensorsWriter.write(base.resolve(WEIGHTS), weights(decoder, ""), name -> TensorType.F16);
            Files.writeString(base.resolve(CONFIG), TinyConfigFiles.model());

            Path dataset = images.path().resolve("world");
            SyntheticDatasetWriter.write(
                    SyntheticDatasetConfig.labelled(seed, integer(line, "images", 32_000)), dataset);
            INDArray tokenEmbeddings =
                    decoder.weight("model.embed_tokens.weight").dup();
            Llava tower = TinyVisionTower.train(
                    dataset, tokenizer, tokenEmbeddings, seed, integer(line, "tower-steps", 5500));
            Path clip = Files.createDirectories(base.resolve("vision_tower"));
            Files.writeString(clip.resolve(CONFIG), TinyConfigFiles.tower());
            Files.writeString(clip.resolve("preprocessor_config.json"), TinyConfigFiles.preprocessor());
            SafetensorsWriter.write(clip.resolve(WEIGHTS), weights(tower, Llava.TOWER_PREFIX), name -> TensorType.F16);
            folder.commit();
        } catch (IOException e) {
            throw new BadInputException(
                    output + ": cannot be written (" + e.getMessage() + "); choose another folder", e);
        }
        System.out.println("wrote " + output);
    }

    private static Llava load(Path decoder) {
        try (Checkpoint weights = Checkpoint.bare(decoder)) {
            return Llava.buildLlama(TinyModelConfig.decoder(), weights);
        }
    }

    private static LlamaTokenizer tokenizer(@Nullable Path from, Path file, long seed) throws IOException {
        SentencePieceModel pieces = from == null
                ? BpeTrainer.train(TextCorpus.texts(seed, TOKENIZER_CORPUS_SIZE), TinyModelConfig.VOCABULARY_SIZE)
                : SentencePieceReader.read(Files.isDirectory(from) ? from.resolve(TokenizerFiles.MODEL) : from);
        Files.write(file, SentencePieceWriter.bytes(pieces));
        return LlamaTokenizer.load(file);
    }

    private static Map<String, INDArray> weights(Llava model, String prefix) {
        Map<String, INDArray> weights = new LinkedHashMap<>();
        for (String name : model.weightNames()) {
            if (name.startsWith(prefix)) {
                weights.put(name.substring(prefix.length()), model.weight(name));
            }
        }
        return weights;
    }
}
