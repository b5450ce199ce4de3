package example;

import java.io.IOException;
import org.llava4j.data.BadInputException;
import org.llava4j.data.image.ImageRef;
import org.llava4j.model.chat.GenerationRequest;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.generate.DecodingOptions;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.multipart.MultipartFile;

@RestController
public class AskController {
    private final LlavaModel llava;

    AskController(LlavaModel llava) {
        this.llava = llava;
    }

    @PostMapping("/ask")
    String ask(@RequestParam("image") MultipartFile image, @RequestParam("question") String question)
            throws IOException {
        ImageRef decoded = llava.decodeImage(image.getBytes(), "the image", 25_000_000, () -> {});
        return llava.answer(GenerationRequest.about(decoded, question), DecodingOptions.greedy(256))
                .text();
    }

    @ExceptionHandler
    ResponseEntity<String> badRequest(BadInputException e) {
        return ResponseEntity.badRequest().body(e.getMessage());
    }
}
