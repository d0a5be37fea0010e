//! What OpenAI's clients do, done by one of them.

use async_openai::{
	error::OpenAIError,
	types::{
		chat::{
			ChatCompletionRequestUserMessage, ChatCompletionStreamOptions, CreateChatCompletionRequest,
			CreateChatCompletionRequestArgs, FinishReason, StopConfiguration,
		},
		completions::CreateCompletionRequestArgs,
		embeddings::CreateEmbeddingRequestArgs,
	},
};
use futures::StreamExt;
use neuron::gateway::upstream::{Finish, UpstreamError};
use subnet_text::{Message, Prompt, Role};

use crate::support::{CHAT, Script, answerer, scripted};

fn chat() -> CreateChatCompletionRequest {
	CreateChatCompletionRequestArgs::default()
		.model("ganglion")
		.messages([ChatCompletionRequestUserMessage::from("What is a ganglion?").into()])
		.max_completion_tokens(9_u32)
		.temperature(0.0)
		.build()
		.unwrap()
}

#[tokio::test]
async fn models_are_listed_and_found() {
	let (gateway, _) = scripted(Vec::new()).await;
	let client = gateway.client();
	let models = client.models().list().await.unwrap();
	assert_eq!(
		models.data.iter().map(|model| model.id.as_str()).collect::<Vec<_>>(),
		["ganglion"]
	);
	assert_eq!(client.models().retrieve("ganglion").await.unwrap().id, "ganglion");
	let Err(OpenAIError::ApiError(error)) = client.models().retrieve("gpt-4").await else {
		panic!("a model that is not there was found");
	};
	assert_eq!(error.api_error.code.as_deref(), Some("model_not_found"));
}

#[tokio::test]
async fn a_chat_is_answered_whole() {
	let (gateway, upstream) = scripted(vec![Script::Says(vec!["A", " cluster", "."], Finish::Stop)]).await;
	let answer = gateway.client().chat().create(chat()).await.unwrap();
	let choice = &answer.choices[0];
	assert_eq!(choice.message.content.as_deref(), Some("A cluster."));
	assert_eq!(choice.finish_reason, Some(FinishReason::Stop));
	let usage = answer.usage.unwrap();
	assert_eq!(
		(usage.prompt_tokens, usage.completion_tokens, usage.total_tokens),
		(11, 3, 14)
	);
	assert_eq!(
		(answer.object.as_str(), answer.model.as_str()),
		("chat.completion", "ganglion")
	);
	let asked = upstream.asked.lock().unwrap();
	let message = Message {
		role: Role::User,
		content: "What is a ganglion?".into(),
	};
	assert_eq!(asked[0].prompt, Prompt::Chat(vec![message]));
	assert_eq!((asked[0].max_tokens, asked[0].temperature), (9, 0.0));
}

#[tokio::test]
async fn a_chat_is_streamed_with_its_usage_last() {
	let (gateway, _) = scripted(vec![Script::Says(vec!["A", " cluster", "."], Finish::Length)]).await;
	let mut request = chat();
	request.stream_options = Some(ChatCompletionStreamOptions {
		include_usage: Some(true),
		include_obfuscation: None,
	});
	let mut stream = gateway.client().chat().create_stream(request).await.unwrap();
	let (mut text, mut finish, mut usage) = (String::new(), None, None);
	while let Some(piece) = stream.next().await {
		let piece = piece.unwrap();
		assert_eq!(piece.object, "chat.completion.chunk");
		for choice in piece.choices {
			assert!(usage.is_none(), "usage came before the end");
			text.push_str(choice.delta.content.as_deref().unwrap_or(""));
			finish = choice.finish_reason.or(finish);
		}
		usage = piece.usage.or(usage);
	}
	assert_eq!((text.as_str(), finish), ("A cluster.", Some(FinishReason::Length)));
	assert_eq!(usage.map(|usage| usage.total_tokens), Some(14));
}

#[tokio::test]
async fn a_text_is_continued_whole_and_streamed() {
	let says = Script::Says(vec![" upon", " a"], Finish::Length);
	let (gateway, upstream) = scripted(vec![says.clone(), says]).await;
	let mut request = CreateCompletionRequestArgs::default();
	request
		.model("ganglion")
		.prompt("Once")
		.max_tokens(2_u32)
		.stop(StopConfiguration::String("time".into()));
	let client = gateway.client();
	let answer = client.completions().create(request.build().unwrap()).await.unwrap();
	assert_eq!(
		(answer.choices[0].text.as_str(), answer.object.as_str()),
		(" upon a", "text_completion")
	);
	assert_eq!(answer.usage.unwrap().completion_tokens, 2);
	let mut stream = client
		.completions()
		.create_stream(request.build().unwrap())
		.await
		.unwrap();
	let mut text = String::new();
	while let Some(piece) = stream.next().await {
		text.push_str(&piece.unwrap().choices[0].text);
	}
	assert_eq!(text, " upon a");
	let asked = upstream.asked.lock().unwrap();
	assert_eq!(
		(&asked[0].prompt, &asked[0].stop),
		(&Prompt::Text("Once".into()), &vec!["time".to_owned()])
	);
}

#[tokio::test]
async fn probabilities_come_with_their_tokens() {
	let (gateway, _) = scripted(vec![Script::Says(vec!["A", " b"], Finish::Stop)]).await;
	let mut request = chat();
	request.logprobs = Some(true);
	let answer = gateway.client().chat().create(request).await.unwrap();
	let tokens = answer.choices[0].logprobs.clone().unwrap().content.unwrap();
	assert_eq!(
		tokens.iter().map(|token| token.token.as_str()).collect::<Vec<_>>(),
		["A", " b"]
	);
	assert_eq!(tokens[1].logprob, -0.5);
}

#[tokio::test]
async fn the_answerer_is_in_the_head_and_in_the_body() {
	let says = Script::Says(vec!["x"], Finish::Stop);
	let (gateway, _) = scripted(vec![says.clone(), says]).await;
	let (status, head, body) = gateway.post("/v1/chat/completions", CHAT).await;
	assert_eq!(status, 200, "{body}");
	let hotkey = answerer().hotkey;
	assert_eq!(head["x-ganglion-hotkey"], hotkey.as_str());
	let object: serde_json::Value = serde_json::from_str(&body).unwrap();
	assert_eq!(
		object["ganglion"],
		serde_json::json!({"hotkey": hotkey, "uid": 7, "attempts": 2})
	);
	assert_eq!(head["x-request-id"], object["id"].as_str().unwrap());
	let streamed = CHAT.replace("{\"model\"", "{\"stream\":true,\"model\"");
	let (_, head, body) = gateway.post("/v1/chat/completions", streamed).await;
	assert_eq!(
		(&head["x-ganglion-uid"], &head["content-type"]),
		(&"7".parse().unwrap(), &"text/event-stream".parse().unwrap())
	);
	assert!(body.contains(&hotkey) && body.ends_with("data: [DONE]\n\n"), "{body}");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_an_error_in_the_stream() {
	let broken = || UpstreamError::Failed("the miner broke off".into());
	let (gateway, _) = scripted(vec![
		Script::BreaksOff(vec!["A"], broken()),
		Script::BreaksOff(vec!["A"], broken()),
	])
	.await;
	let mut stream = gateway.client().chat().create_stream(chat()).await.unwrap();
	let mut failed = false;
	while let Some(piece) = stream.next().await {
		failed |= piece.is_err();
	}
	assert!(failed, "the client did not see the error");
	let (status, _, body) = gateway.post("/v1/chat/completions", CHAT).await;
	assert_eq!(status, 502, "{body}");
}

#[tokio::test]
async fn embeddings_that_nobody_makes_are_a_clear_error() {
	let (gateway, _) = scripted(Vec::new()).await;
	let request = CreateEmbeddingRequestArgs::default()
		.model("ganglion")
		.input("text")
		.build()
		.unwrap();
	let body = serde_json::to_string(&request).unwrap();
	let (status, _, body) = gateway.post("/v1/embeddings", body).await;
	assert_eq!(status, 501);
	assert!(body.contains("no miner of this subnet makes embeddings"), "{body}");
}
