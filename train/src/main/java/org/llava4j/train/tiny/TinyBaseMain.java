package org.llava4j.train.tiny;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.InputPaths;
import org.llava4j.data.cli.Command;
import org.llava4j.data.synthetic.SyntheticDatasetConfig;
import org.llava4j.data.synthetic.SyntheticDatasetWriter;
import org.llava4j.data.synthetic.TextCorpus;
import org.llava4j.data.tensors.SafetensorsWriter;
import org.llava4j.data.tensors.TensorType;
import org.llava4j.data.tokenizer.BpeTrainer;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.data.tokenizer.SentencePieceModel;
import org.llava4j.data.tokenizer.SentencePieceWriter;
import org.llava4j.model.Llava;
import org.llava4j.model.weights.Checkpoint;
import org.nd4j.linalg.api.ndarray.INDArray;

/** {@code exec:java@tiny-base}: makes the base that the demo starts from, {@code resources/tiny/base}, anew. */
public final class TinyBaseMain extends Command {
    private static final int CORPUS_FOR_VOCABULARY = 20_000;
    private static final String CONFIG = "config.json";
    private static final String WEIGHTS = "model.safetensors";

    private TinyBaseMain() {
        super(
                "tiny-base",
                "Makes the tiny base of the demo: a tokenizer, a decoder that has read text, a tower that has seen"
                        + " drawn pictures with labels.");
    }

    public static void main(String[] args) {
        new TinyBaseMain().execute(args);
    }

    @Override
    protected Options options() {
        return new Options()
                .addOption(required("output-dir", "DIR", "a new folder for the base"))
                .addOption(flag("seed", "N", "of everything (default 1)"))
                .addOption(flag("pictures", "N", "drawn for the tower to learn from (default 32000)"))
                .addOption(flag("decoder", "DIR", "a tokenizer and decoder made before, instead of training one"))
                .addOption(flag("decoder-steps", "N", "steps of the decoder, on text (default 3000)"))
                .addOption(flag("tower-steps", "N", "steps of the tower, on labels (default 5500)"));
    }

    @Override
    protected void run(CommandLine line) {
        Path output = path(line, "output-dir");
        long seed = integer(line, "seed", 1);
        // Never committed: the pictures go when the tower has seen them.
        Path beside = output.resolveSibling(output.getFileName() + ".pictures");
        try (AtomicFolder folder = AtomicFolder.begin(output, "tiny-base", InputPaths.of(path(line, "decoder")));
                AtomicFolder drawn = AtomicFolder.begin(beside, "pictures")) {
            Path base = folder.path();
            Path made = path(line, "decoder");
            LlamaTokenizer tokenizer = tokenizer(made, base.resolve("tokenizer.model"), seed);
            Llava decoder = made == null
                    ? TinyDecoder.train(tokenizer, seed, integer(line, "decoder-steps", 3000))
                    : load(made);
            SafetensorsWriter.write(base.resolve(WEIGHTS), weights(decoder, ""), name -> TensorType.F16);
            Files.writeString(base.resolve(CONFIG), TinyConfigFiles.model());

            Path world = drawn.path().resolve("world");
            SyntheticDatasetWriter.write(
                    SyntheticDatasetConfig.labelled(seed, integer(line, "pictures", 32_000)), world);
            INDArray wordVectors = decoder.weight("model.embed_tokens.weight").dup();
            Llava tower =
                    TinyVisionTower.train(world, tokenizer, wordVectors, seed, integer(line, "tower-steps", 5500));
            Path clip = Files.createDirectories(base.resolve("vision_tower"));
            Files.writeString(clip.resolve(CONFIG), TinyConfigFiles.tower());
            Files.writeString(clip.resolve("preprocessor_config.json"), TinyConfigFiles.preprocessor());
            SafetensorsWriter.write(clip.resolve(WEIGHTS), weights(tower, Llava.TOWER_PREFIX), name -> TensorType.F16);
            folder.commit();
        } catch (IOException e) {
            throw new BadInputException(output + ": cannot be written (" + e.getMessage() + "); choose another", e);
        }
        System.out.println("wrote " + output);
    }

    private static Llava load(Path decoder) {
        try (Checkpoint weights = Checkpoint.bare(decoder)) {
            return Llava.buildLlama(TinyModelConfig.decoder(), weights);
        }
    }

    private static LlamaTokenizer tokenizer(Path from, Path file, long seed) throws IOException {
        SentencePieceModel pieces = from == null
                ? BpeTrainer.train(TextCorpus.texts(seed, CORPUS_FOR_VOCABULARY), TinyModelConfig.VOCABULARY_SIZE)
                : LlamaTokenizer.load(from).model();
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
