package example;

import jakarta.inject.Inject;
import jakarta.ws.rs.BadRequestException;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Response;
import org.llava4j.data.BadInputException;
import org.llava4j.data.image.ImageRef;
import org.llava4j.model.chat.GenerationRequest;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.generate.DecodingOptions;

@Path("/ask")
public class AskResource {
    private final LlavaModel llava;

    @Inject
    public AskResource(LlavaModel llava) {
        this.llava = llava;
    }

    @POST
    @Consumes("image/*")
    public String ask(@QueryParam("question") String question, byte[] image) {
        try {
            if (question == null) {
                throw new BadInputException("the parameter question is missing");
            }
            ImageRef decoded = llava.decodeImage(image, "the image", 25_000_000, () -> {});
            return llava.answer(GenerationRequest.about(decoded, question), DecodingOptions.greedy(256))
                    .text();
        } catch (BadInputException e) {
            throw new BadRequestException(Response.status(400).entity(e.getMessage()).build(), e);
        }
    }
}
